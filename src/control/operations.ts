/** Every management operation that the contract has, and then those of our own. */
import * as api from '../contract/apis.ts';
import * as identity from '../contract/identities.ts';
import * as links from '../contract/key-links.ts';
import * as key from '../contract/keys.ts';
import * as permission from '../contract/permissions.ts';
import { emptyResult, keyCredits } from '../contract/shared.ts';
import { adminOperations } from './admin-operations.ts';
import { createApi, deleteApi, getApi } from './apis.ts';
import { createKey } from './create-key.ts';
import { deleteKey } from './delete-keys.ts';
import { getKey, whoami } from './get-key.ts';
import * as identities from './identities.ts';
import { addPermissions, removePermissions, setPermissions } from './key-permissions.ts';
import { addRoles, removeRoles, setRoles } from './key-roles.ts';
import { listKeys } from './list-keys.ts';
import { migrateKeys } from './migrate-keys.ts';
import { change, list, type NamedOperation, read } from './named-operation.ts';
import * as permissions from './permissions.ts';
import { ratelimitOperations } from './ratelimit-operations.ts';
import { rerollKey } from './reroll-key.ts';
import * as roles from './roles.ts';
import { updateKeyCredits } from './update-credits.ts';
import { updateKey } from './update-key.ts';

const { permissionsResult, rolesResult } = permission;

const apiOperations = [
  change('apis.createApi', createApi, [api.createApiBody, api.createApiResult]),
  read('apis.getApi', getApi, [api.getApiBody, api.getApiResult]),
  change('apis.deleteApi', deleteApi, [api.deleteApiBody, emptyResult]),
  list('apis.listKeys', listKeys, [api.listKeysBody, api.listKeysResult]),
];

const keyOperations = [
  change('keys.createKey', createKey, [key.createKeyBody, key.createKeyResult]),
  read('keys.getKey', getKey, [key.getKeyBody, key.keyResult]),
  read('keys.whoami', whoami, [key.whoamiBody, key.keyResult]),
  change('keys.updateKey', updateKey, [key.updateKeyBody, emptyResult]),
  change('keys.deleteKey', deleteKey, [key.deleteKeyBody, emptyResult]),
  change('keys.rerollKey', rerollKey, [key.rerollKeyBody, key.createKeyResult]),
  change('keys.updateCredits', updateKeyCredits, [key.updateCreditsBody, keyCredits]),
  change('keys.migrateKeys', migrateKeys, [key.migrateKeysBody, key.migrateKeysResult]),
  change('keys.addPermissions', addPermissions, [links.addPermissionsBody, permissionsResult]),
  change('keys.setPermissions', setPermissions, [links.setPermissionsBody, permissionsResult]),
  change('keys.removePermissions', removePermissions, [
    links.removePermissionsBody,
    permissionsResult,
  ]),
  change('keys.addRoles', addRoles, [links.addRolesBody, rolesResult]),
  change('keys.setRoles', setRoles, [links.setRolesBody, rolesResult]),
  change('keys.removeRoles', removeRoles, [links.removeRolesBody, rolesResult]),
];

const identityOperations = [
  change('identities.createIdentity', identities.createIdentity, [
    identity.createIdentityBody,
    identity.createIdentityResult,
  ]),
  read('identities.getIdentity', identities.getIdentity, [
    identity.getIdentityBody,
    identity.identityResult,
  ]),
  list('identities.listIdentities', identities.listIdentities, [
    identity.listIdentitiesBody,
    identity.listIdentitiesResult,
  ]),
  change('identities.updateIdentity', identities.updateIdentity, [
    identity.updateIdentityBody,
    identity.identityResult,
  ]),
  {
    ...change('identities.deleteIdentity', identities.deleteIdentity, [
      identity.deleteIdentityBody,
      emptyResult,
    ]),
    envelope: 'meta' as const,
  },
];

const permissionOperations = [
  change('permissions.createPermission', permissions.createPermission, [
    permission.createPermissionBody,
    permission.createPermissionResult,
  ]),
  read('permissions.getPermission', permissions.getPermission, [
    permission.getPermissionBody,
    permission.permissionResult,
  ]),
  list('permissions.listPermissions', permissions.listPermissions, [
    permission.listPermissionsBody,
    permissionsResult,
  ]),
  change('permissions.deletePermission', permissions.deletePermission, [
    permission.deletePermissionBody,
    emptyResult,
  ]),
  change('permissions.createRole', roles.createRole, [
    permission.createRoleBody,
    permission.createRoleResult,
  ]),
  read('permissions.getRole', roles.getRole, [permission.getRoleBody, permission.roleResult]),
  list('permissions.listRoles', roles.listRoles, [permission.listRolesBody, rolesResult]),
  change('permissions.deleteRole', roles.deleteRole, [permission.deleteRoleBody, emptyResult]),
  change('permissions.setRolePermissions', roles.setRolePermissions, [
    permission.setRolePermissionsBody,
    permissionsResult,
  ]),
];

export const operations: readonly NamedOperation[] = [
  ...apiOperations,
  ...keyOperations,
  ...identityOperations,
  ...permissionOperations,
  ...ratelimitOperations,
  ...adminOperations,
];
