/**
 * The commands for daily work: which call of the API an action makes and which fields of its body
 * are given as words. All other fields are flags, made of the call's schema. To add an action, add
 * a row.
 */
import * as adminApi from '../contract/admin-apis.ts';
import { listEventsBody } from '../contract/admin-audit-logs.ts';
import * as migration from '../contract/admin-migrations.ts';
import * as rootKey from '../contract/admin-root-keys.ts';
import * as workspace from '../contract/admin-workspaces.ts';
import * as api from '../contract/apis.ts';
import * as bulk from '../contract/bulk-keys.ts';
import * as identity from '../contract/identities.ts';
import type { Schema } from '../contract/json-schema.ts';
import * as links from '../contract/key-links.ts';
import * as key from '../contract/keys.ts';
import * as permission from '../contract/permissions.ts';
import * as ratelimit from '../contract/ratelimit.ts';
import { verifyKeyBody } from '../contract/verify-key.ts';
import { type ClientName, clientSummaries } from './client-summaries.ts';

export type ClientAction = {
  /** The second word of the command: `create`. */
  action: string;
  /** `keys.createKey`. */
  call: string;
  body: Schema;
  /** Fields of the body. */
  words: readonly string[];
  summary: string;
  /** The fields of a row of the table, where there are rows. */
  columns?: readonly string[];
  /** The field of the result that holds the rows, where the result itself is none. */
  rows?: string;
  /** A field of the result that decides about the exit code: false is 1. */
  verdict?: string;
};

export type ClientResource = {
  name: ClientName;
  summary: string;
  actions: readonly ClientAction[];
};

const keyColumns = [
  ...['keyId', 'start', 'name', 'enabled', 'expires', 'credits', 'identity', 'roles'],
  ...['permissions', 'createdAt'],
];
const permissionColumns = ['id', 'slug', 'name', 'description'];
const roleColumns = ['id', 'name', 'description', 'permissions'];
const overrideColumns = ['overrideId', 'identifier', 'limit', 'duration'];

type Call = readonly [name: string, body: Schema];

function row(
  action: string,
  [call, body]: Call,
  words: readonly string[],
  rest: Omit<ClientAction, 'action' | 'call' | 'body' | 'words'>,
): ClientAction {
  return { action, call, body, words, ...rest };
}

const apiActions = [
  row('create', ['apis.createApi', api.createApiBody], ['name'], { summary: 'Create an API.' }),
  row('list', ['apis.listApis', adminApi.listApisBody], [], {
    summary: 'List the APIs.',
    columns: ['id', 'name', 'defaultPrefix', 'deleteProtection', 'recoverableKeys', 'createdAt'],
  }),
  row('get', ['apis.getApi', api.getApiBody], ['apiId'], { summary: 'Show an API.' }),
  row('settings', ['apis.getApiSettings', adminApi.getApiSettingsBody], ['apiId'], {
    summary: 'Show the settings of an API.',
  }),
  row('update', ['apis.updateApi', adminApi.updateApiBody], ['apiId'], {
    summary: 'Change the settings of an API.',
  }),
  row('delete', ['apis.deleteApi', api.deleteApiBody], ['apiId'], {
    summary: 'Delete an API; its keys stop working.',
  }),
];

const keyActions = [
  row('create', ['keys.createKey', key.createKeyBody], ['apiId'], {
    summary: 'Create a key; it is shown once.',
  }),
  row('create-many', ['keys.createKeys', bulk.createKeysBody], ['apiId'], {
    summary: 'Create up to 1,000 keys at once.',
    columns: ['keyId', 'key'],
    rows: 'keys',
  }),
  row('list', ['apis.listKeys', api.listKeysBody], ['apiId'], {
    summary: 'List the keys of an API.',
    columns: keyColumns,
  }),
  row('get', ['keys.getKey', key.getKeyBody], ['keyId'], { summary: 'Show a key by its id.' }),
  row('whoami', ['keys.whoami', key.whoamiBody], ['key'], {
    summary: 'Show a key by itself; - reads it from standard input.',
  }),
  row('update', ['keys.updateKey', key.updateKeyBody], ['keyId'], { summary: 'Change a key.' }),
  row('delete', ['keys.deleteKey', key.deleteKeyBody], ['keyId'], { summary: 'Delete a key.' }),
  row('delete-many', ['keys.deleteKeys', bulk.deleteKeysBody], [], {
    summary: 'Delete keys by their ids, their identity or their API.',
  }),
  row('verify', ['keys.verifyKey', verifyKeyBody], ['key'], {
    summary:
      'Verify a key, as a use of it; - reads it from standard input. Exit code 1: not valid.',
    verdict: 'valid',
  }),
  row('reroll', ['keys.rerollKey', key.rerollKeyBody], ['keyId', 'expiration'], {
    summary: 'Replace a key; the old one works for a while still.',
  }),
  row('credits', ['keys.updateCredits', key.updateCreditsBody], ['keyId', 'operation', 'value'], {
    summary: 'Change the credits of a key: set, increment or decrement.',
  }),
  row('import', ['keys.migrateKeys', key.migrateKeysBody], ['migrationId', 'apiId'], {
    summary: 'Take over keys by their hashes: --keys @file.',
  }),
  linkRow('add-permissions', ['keys.addPermissions', links.addPermissionsBody], 'Add'),
  linkRow('set-permissions', ['keys.setPermissions', links.setPermissionsBody], 'Set'),
  linkRow('remove-permissions', ['keys.removePermissions', links.removePermissionsBody], 'Remove'),
  linkRow('add-roles', ['keys.addRoles', links.addRolesBody], 'Add'),
  linkRow('set-roles', ['keys.setRoles', links.setRolesBody], 'Set'),
  linkRow('remove-roles', ['keys.removeRoles', links.removeRolesBody], 'Remove'),
];

function linkRow(action: string, call: Call, verb: string): ClientAction {
  const field = action.endsWith('roles') ? 'roles' : 'permissions';
  return row(action, call, ['keyId', field], {
    summary: `${verb} ${field} of a key.`,
    columns: field === 'roles' ? roleColumns : permissionColumns,
  });
}

const identityActions = [
  row('create', ['identities.createIdentity', identity.createIdentityBody], ['externalId'], {
    summary: 'Create an identity.',
  }),
  row('list', ['identities.listIdentities', identity.listIdentitiesBody], [], {
    summary: 'List the identities.',
    columns: ['id', 'externalId', 'meta', 'ratelimits'],
  }),
  row('get', ['identities.getIdentity', identity.getIdentityBody], ['identity'], {
    summary: 'Show an identity.',
  }),
  row('update', ['identities.updateIdentity', identity.updateIdentityBody], ['identity'], {
    summary: 'Change an identity.',
  }),
  row('delete', ['identities.deleteIdentity', identity.deleteIdentityBody], ['identity'], {
    summary: 'Delete an identity; its keys go on without it.',
  }),
];

const permissionActions = [
  row(
    'create',
    ['permissions.createPermission', permission.createPermissionBody],
    ['slug', 'name'],
    {
      summary: 'Create a permission.',
    },
  ),
  row('list', ['permissions.listPermissions', permission.listPermissionsBody], [], {
    summary: 'List the permissions.',
    columns: permissionColumns,
  }),
  row('get', ['permissions.getPermission', permission.getPermissionBody], ['permission'], {
    summary: 'Show a permission.',
  }),
  row('delete', ['permissions.deletePermission', permission.deletePermissionBody], ['permission'], {
    summary: 'Delete a permission, also from all keys and roles.',
  }),
];

const roleActions = [
  row('create', ['permissions.createRole', permission.createRoleBody], ['name'], {
    summary: 'Create a role.',
  }),
  row('list', ['permissions.listRoles', permission.listRolesBody], [], {
    summary: 'List the roles.',
    columns: roleColumns,
  }),
  row('get', ['permissions.getRole', permission.getRoleBody], ['role'], {
    summary: 'Show a role.',
  }),
  row(
    'set-permissions',
    ['permissions.setRolePermissions', permission.setRolePermissionsBody],
    ['roleId', 'permissions'],
    {
      summary: 'Give a role these permissions and no others.',
      columns: permissionColumns,
    },
  ),
  row('delete', ['permissions.deleteRole', permission.deleteRoleBody], ['role'], {
    summary: 'Delete a role, also from all keys.',
  }),
];

const limitActions = [
  row(
    'check',
    ['ratelimit.limit', ratelimit.limitBody],
    ['namespace', 'identifier', 'limit', 'duration'],
    {
      summary: 'Count a use; --cost 0 only looks. Exit code 1: refused.',
      verdict: 'success',
    },
  ),
  row(
    'set',
    ['ratelimit.setOverride', ratelimit.setOverrideBody],
    ['namespace', 'identifier', 'limit', 'duration'],
    {
      summary: 'Set an override: another limit for some identifiers.',
    },
  ),
  row('get', ['ratelimit.getOverride', ratelimit.getOverrideBody], ['namespace', 'identifier'], {
    summary: 'Show the override that an identifier has.',
  }),
  row('list', ['ratelimit.listOverrides', ratelimit.listOverridesBody], ['namespace'], {
    summary: 'List the overrides of a namespace.',
    columns: overrideColumns,
  }),
  row(
    'delete',
    ['ratelimit.deleteOverride', ratelimit.deleteOverrideBody],
    ['namespace', 'identifier'],
    {
      summary: 'Delete an override.',
    },
  ),
];

const auditActions = [
  row('list', ['auditLogs.listEvents', listEventsBody], [], {
    summary: 'List who changed what, the latest change first.',
    columns: ['time', 'action', 'actor', 'summary', 'requestId', 'address'],
  }),
];

const workspaceActions = [
  row('create', ['workspaces.createWorkspace', workspace.createWorkspaceBody], ['name'], {
    summary: 'Create a workspace.',
  }),
  row('list', ['workspaces.listWorkspaces', workspace.listWorkspacesBody], [], {
    summary: 'List the workspaces.',
    columns: ['id', 'name', 'enabled', 'requestsPerMinute', 'createdAt'],
  }),
  row('get', ['workspaces.getWorkspace', workspace.getWorkspaceBody], [], {
    summary: 'Show a workspace.',
  }),
  row('update', ['workspaces.updateWorkspace', workspace.updateWorkspaceBody], [], {
    summary: 'Change a workspace.',
  }),
  row('rotate-data-key', ['workspaces.rotateDataKey', workspace.rotateDataKeyBody], [], {
    summary: 'Encrypt recoverable keys under a new data key from now on.',
  }),
  row('delete', ['workspaces.deleteWorkspace', workspace.deleteWorkspaceBody], ['workspaceId'], {
    summary: 'Delete a workspace; its root keys and keys stop working.',
  }),
];

const rootKeyActions = [
  row('create', ['rootKeys.createRootKey', rootKey.createRootKeyBody], ['permissions'], {
    summary: 'Create a root key; it is shown once.',
  }),
  row('list', ['rootKeys.listRootKeys', rootKey.listRootKeysBody], [], {
    summary: 'List the root keys.',
    columns: ['rootKeyId', 'start', 'name', 'enabled', 'expires', 'createdAt', 'permissions'],
  }),
  row('update', ['rootKeys.updateRootKey', rootKey.updateRootKeyBody], ['rootKeyId'], {
    summary: 'Change a root key.',
  }),
  row(
    'rotate',
    ['rootKeys.rotateRootKey', rootKey.rotateRootKeyBody],
    ['rootKeyId', 'expiration'],
    {
      summary: 'Replace a root key; the old one works for a while still.',
    },
  ),
  row('revoke', ['rootKeys.revokeRootKey', rootKey.revokeRootKeyBody], ['rootKeyId'], {
    summary: 'Revoke a root key, for ever.',
  }),
];

const migrationActions = [
  row('create', ['migrations.createMigration', migration.createMigrationBody], ['algorithm'], {
    summary: 'Say how keys to import are hashed.',
  }),
  row('list', ['migrations.listMigrations', migration.listMigrationsBody], [], {
    summary: 'List the imports.',
    columns: ['id', 'name', 'algorithm', 'pendingKeyCount', 'createdAt'],
  }),
];

const actionsOf: Readonly<Record<ClientName, readonly ClientAction[]>> = {
  apis: apiActions,
  keys: keyActions,
  identities: identityActions,
  permissions: permissionActions,
  roles: roleActions,
  limits: limitActions,
  audit: auditActions,
  workspaces: workspaceActions,
  'root-keys': rootKeyActions,
  migrations: migrationActions,
};

export function clientResource(name: ClientName): ClientResource {
  return { name, summary: clientSummaries[name], actions: actionsOf[name] };
}
