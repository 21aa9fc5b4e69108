import { test } from 'node:test';
import {
  addPermissionsBody,
  addRolesBody,
  removePermissionsBody,
  removeRolesBody,
  setPermissionsBody,
  setRolesBody,
} from '../../src/contract/key-links.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const keyId = 'key_1';
const permissions = ['documents.read', 'docs:*'];
const roles = ['Editor of things'];

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    [
      'keys.addPermissions',
      addPermissionsBody,
      (unkey) => unkey.keys.addPermissions({ keyId, permissions }),
    ],
    [
      'keys.setPermissions',
      setPermissionsBody,
      (unkey) => unkey.keys.setPermissions({ keyId, permissions: [] }),
    ],
    [
      'keys.removePermissions',
      removePermissionsBody,
      (unkey) => unkey.keys.removePermissions({ keyId, permissions }),
    ],
    ['keys.addRoles', addRolesBody, (unkey) => unkey.keys.addRoles({ keyId, roles })],
    ['keys.setRoles', setRolesBody, (unkey) => unkey.keys.setRoles({ keyId, roles: [] })],
    ['keys.removeRoles', removeRolesBody, (unkey) => unkey.keys.removeRoles({ keyId, roles })],
  ]));

test('only setting accepts an empty list', () => {
  const none = { keyId, permissions: [] };
  const noRoles = { keyId, roles: [] };
  assertRows([
    [setPermissionsBody, none],
    [addPermissionsBody, none, '/properties/permissions/minItems'],
    [removePermissionsBody, none, '/properties/permissions/minItems'],
    [setRolesBody, noRoles],
    [addRolesBody, noRoles, '/properties/roles/minItems'],
    [removeRolesBody, noRoles, '/properties/roles/minItems'],
  ]);
});

test('bounds are inclusive, and every body is closed', () =>
  assertRows([
    [addPermissionsBody, { keyId, permissions: Array(1000).fill('a') }],
    [
      addPermissionsBody,
      { keyId, permissions: Array(1001).fill('a') },
      '/properties/permissions/maxItems',
    ],
    [addPermissionsBody, { keyId, permissions: ['a/b'] }, '/properties/permissions/items/pattern'],
    [setRolesBody, { keyId, roles: Array(101).fill('a') }, '/properties/roles/maxItems'],
    [addRolesBody, { keyId, roles: [''] }, '/properties/roles/items/minLength'],
    [addRolesBody, { keyId, roles: ['a'.repeat(129)] }, '/properties/roles/items/maxLength'],
    [
      removeRolesBody,
      { keyId: 'k!', roles },
      '/properties/keyId/minLength',
      '/properties/keyId/pattern',
    ],
    [setRolesBody, { keyId, roles, x: 1 }, '/additionalProperties'],
    [removePermissionsBody, { x: 1 }, '/additionalProperties', '/required'],
  ]));
