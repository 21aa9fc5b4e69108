import { test } from 'node:test';
import * as schemas from '../../src/contract/permissions.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const slug = 'documents.read';

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    [
      'permissions.createPermission',
      schemas.createPermissionBody,
      (unkey) => unkey.permissions.createPermission({ name: 'Read', slug, description: '' }),
    ],
    [
      'permissions.getPermission',
      schemas.getPermissionBody,
      (unkey) => unkey.permissions.getPermission({ permission: slug }),
    ],
    [
      'permissions.listPermissions',
      schemas.listPermissionsBody,
      (unkey) => unkey.permissions.listPermissions({ search: 'x' }),
    ],
    [
      'permissions.deletePermission',
      schemas.deletePermissionBody,
      (unkey) => unkey.permissions.deletePermission({ permission: 'perm_1' }),
    ],
    [
      'permissions.createRole',
      schemas.createRoleBody,
      (unkey) => unkey.permissions.createRole({ name: 'Editor', permissions: [slug] }),
    ],
    [
      'permissions.getRole',
      schemas.getRoleBody,
      (unkey) => unkey.permissions.getRole({ role: 'Editor of things' }),
    ],
    [
      'permissions.listRoles',
      schemas.listRolesBody,
      (unkey) => unkey.permissions.listRoles({ limit: 100, cursor: 'role_1' }),
    ],
    [
      'permissions.deleteRole',
      schemas.deleteRoleBody,
      (unkey) => unkey.permissions.deleteRole({ role: 'role_1' }),
    ],
    [
      'permissions.setRolePermissions',
      schemas.setRolePermissionsBody,
      (unkey) => unkey.permissions.setRolePermissions({ roleId: 'role_1', permissions: [] }),
    ],
  ]));

test('bounds are inclusive, and every body is closed', () => {
  const permission = { name: 'n', slug };
  assertRows([
    [schemas.createPermissionBody, { ...permission, name: 'n'.repeat(512) }],
    [
      schemas.createPermissionBody,
      { name: '', slug: 'a b', description: 'd'.repeat(513) },
      '/properties/name/minLength',
      '/properties/slug/pattern',
      '/properties/description/maxLength',
    ],
    [schemas.createPermissionBody, { ...permission, slug: 'a'.repeat(128) }],
    [
      schemas.createPermissionBody,
      { ...permission, slug: 'a'.repeat(129) },
      '/properties/slug/maxLength',
    ],
    [schemas.createPermissionBody, { name: 'n' }, '/required'],
    [schemas.getPermissionBody, { permission: 'a b' }, '/properties/permission/pattern'],
    [schemas.createRoleBody, { name: 'n'.repeat(129) }, '/properties/name/maxLength'],
    [schemas.createRoleBody, { name: 'n', x: 1 }, '/additionalProperties'],
    [schemas.getRoleBody, { role: '' }, '/properties/role/minLength'],
    [schemas.deleteRoleBody, { roleId: 'role_1' }, '/additionalProperties', '/required'],
    [schemas.listRolesBody, { limit: 1.5 }, '/properties/limit/type'],
    [schemas.listPermissionsBody, { limit: 101 }, '/properties/limit/maximum'],
    [schemas.setRolePermissionsBody, { roleId: 'my-role_1', permissions: ['a'] }],
    [
      schemas.setRolePermissionsBody,
      { roleId: 'my role', permissions: [1] },
      '/properties/permissions/items/type',
      '/properties/roleId/pattern',
    ],
  ]);
});
