import type { ControlWorld } from './control-world.ts';
import type { Holding, RightsRow, Targets } from './rights-table.ts';

const ofApi = (_: ControlWorld, { apiId }: Targets) => ({ apiId });
const ofKey = (_: ControlWorld, { keyId }: Targets) => ({ keyId });
const freshKey = async (world: ControlWorld, { apiId }: Targets) => ({
  keyId: (await world.ok('keys.createKey', { apiId })).keyId,
});
const freshSlug = async (world: ControlWorld, { fresh }: Targets) => {
  const slug = fresh();
  await world.ok('permissions.createPermission', { name: slug, slug });
  return slug;
};
const freshRole = async (world: ControlWorld, { fresh }: Targets) =>
  world.ok('permissions.createRole', { name: fresh() });

const keyUrn = ({ keyspaceId, keyId }: Targets, action: string) =>
  `keyspaces/${keyspaceId}/keys/${keyId}#${action}`;
const anyKeyUrn = ({ keyspaceId }: Targets, action: string) =>
  `keyspaces/${keyspaceId}/keys/*#${action}`;
const onKey = (action: string) => (holding: Holding, targets: Targets) =>
  holding.api(action) || holding.urn(keyUrn(targets, action));
const createsKeys = (holding: Holding, { keyspaceId }: Targets) =>
  holding.api('create_key') || holding.urn(`keyspaces/${keyspaceId}#create_key`);
const updatesKeyAnd =
  (...tuples: string[]) =>
  (holding: Holding, targets: Targets) =>
    holding.urn(keyUrn(targets, 'update_key')) ||
    (holding.api('update_key') && tuples.every((tuple) => holding.tuple(tuple)));
const rbac =
  (kind: 'permissions' | 'roles', ...actions: string[]) =>
  (holding: Holding) =>
    actions.every(
      (action) => holding.tuple(`rbac.*.${action}`) || holding.urn(`rbac/${kind}/*#${action}`),
    );
const onIdentities = (action: string) => (holding: Holding) =>
  holding.tuple(`identity.*.${action}`) || holding.urn(`projects/*/identities/*#${action}`);
const readsIdentity = (holding: Holding, { identityId }: Targets) =>
  holding.tuple('identity.*.read_identity') ||
  holding.tuple(`identity.${identityId}.read_identity`) ||
  holding.urn(`projects/*/identities/${identityId}#read_identity`);
const administers = (action: string) => (holding: Holding) => holding.admin(action);

export const contractRows: RightsRow[] = [
  {
    name: 'apis.createApi',
    body: () => ({ name: 'made' }),
    may: (holding) => holding.tuple('api.*.create_api'),
    denied: 403,
  },
  { name: 'apis.getApi', body: ofApi, may: (holding) => holding.api('read_api'), denied: 403 },
  {
    name: 'apis.deleteApi',
    body: (world) => world.ok('apis.createApi', { name: 'to delete' }),
    may: (holding) => holding.tuple('api.*.delete_api'),
    denied: 403,
  },
  {
    name: 'apis.listKeys',
    body: (_, { apiId }) => ({ apiId, limit: 1 }),
    may: (holding, targets) =>
      (holding.api('read_key') && holding.api('read_api')) ||
      (holding.urn(anyKeyUrn(targets, 'read_key')) &&
        holding.urn(`keyspaces/${targets.keyspaceId}#read_keyspace`)),
    denied: 404,
  },
  { name: 'keys.createKey', body: ofApi, may: createsKeys, denied: 404 },
  {
    name: 'keys.createKeys',
    body: (_, { apiId }) => ({ apiId, keys: [{}] }),
    may: createsKeys,
    denied: 404,
  },
  { name: 'keys.getKey', body: ofKey, may: onKey('read_key'), denied: 403 },
  {
    name: 'keys.whoami',
    body: (_, { key }) => ({ key }),
    may: onKey('read_key'),
    denied: 404,
  },
  {
    name: 'keys.updateKey',
    body: (_, { keyId }) => ({ keyId, name: 'renamed' }),
    may: onKey('update_key'),
    denied: 403,
  },
  {
    name: 'keys.deleteKey',
    body: freshKey,
    may: (holding, { keyspaceId }) =>
      holding.api('delete_key') || holding.urn(`keyspaces/${keyspaceId}/keys/#delete_key`),
    denied: 403,
  },
  {
    name: 'keys.rerollKey',
    body: (_, { keyId }) => ({ keyId, expiration: 4_000_000_000_000 }),
    may: createsKeys,
    denied: 403,
  },
  {
    name: 'keys.updateCredits',
    body: (_, { keyId }) => ({ keyId, operation: 'set', value: 3 }),
    may: onKey('update_key'),
    denied: 403,
  },
  {
    name: 'keys.migrateKeys',
    body: (_, { apiId, migrationId }) => ({
      apiId,
      migrationId,
      keys: [{ hash: Buffer.alloc(32, 1).toString('hex') }],
    }),
    may: (holding) => holding.api('create_key'),
    denied: 403,
  },
  {
    name: 'keys.addPermissions',
    body: async (world, targets) => ({
      keyId: targets.keyId,
      permissions: [await freshSlug(world, targets)],
    }),
    may: updatesKeyAnd('rbac.*.add_permission_to_key'),
    denied: 403,
  },
  {
    name: 'keys.setPermissions',
    body: (_, { keyId }) => ({ keyId, permissions: [] }),
    may: updatesKeyAnd('rbac.*.add_permission_to_key', 'rbac.*.remove_permission_from_key'),
    denied: 403,
  },
  {
    name: 'keys.removePermissions',
    body: async (world, targets) => ({
      keyId: targets.keyId,
      permissions: [await freshSlug(world, targets)],
    }),
    may: updatesKeyAnd('rbac.*.remove_permission_from_key'),
    denied: 403,
  },
  {
    name: 'keys.addRoles',
    body: (_, { keyId }) => ({ keyId, roles: ['existing'] }),
    may: updatesKeyAnd('rbac.*.add_role_to_key'),
    denied: 403,
  },
  {
    name: 'keys.setRoles',
    body: (_, { keyId }) => ({ keyId, roles: [] }),
    may: onKey('update_key'),
    denied: 403,
  },
  {
    name: 'keys.removeRoles',
    body: (_, { keyId }) => ({ keyId, roles: ['existing'] }),
    may: onKey('update_key'),
    denied: 403,
  },
  {
    name: 'identities.createIdentity',
    body: (_, { fresh }) => ({ externalId: fresh() }),
    may: onIdentities('create_identity'),
    denied: 403,
  },
  {
    name: 'identities.getIdentity',
    body: (_, { identityId }) => ({ identity: identityId }),
    may: readsIdentity,
    denied: 403,
  },
  {
    name: 'identities.listIdentities',
    body: () => ({ search: 'the-identity' }),
    may: readsIdentity,
    denied: 403,
  },
  {
    name: 'identities.updateIdentity',
    body: (_, { identityId }) => ({ identity: identityId, meta: {} }),
    may: onIdentities('update_identity'),
    denied: 403,
  },
  {
    name: 'identities.deleteIdentity',
    body: async (world, { fresh }) => ({
      identity: (await world.ok('identities.createIdentity', { externalId: fresh() })).identityId,
    }),
    may: onIdentities('delete_identity'),
    denied: 403,
  },
  {
    name: 'permissions.createPermission',
    body: (_, { fresh }) => ({ name: 'a permission', slug: fresh() }),
    may: rbac('permissions', 'create_permission'),
    denied: 403,
  },
  {
    name: 'permissions.getPermission',
    body: () => ({ permission: 'existing' }),
    may: rbac('permissions', 'read_permission'),
    denied: 403,
  },
  {
    name: 'permissions.listPermissions',
    body: () => ({ limit: 1 }),
    may: rbac('permissions', 'read_permission'),
    denied: 403,
  },
  {
    name: 'permissions.deletePermission',
    body: async (world, targets) => ({ permission: await freshSlug(world, targets) }),
    may: rbac('permissions', 'delete_permission'),
    denied: 403,
  },
  {
    name: 'permissions.createRole',
    body: (_, { fresh }) => ({ name: fresh(), permissions: ['existing'] }),
    may: rbac('roles', 'create_role', 'add_permission_to_role'),
    denied: 403,
  },
  {
    name: 'permissions.getRole',
    body: () => ({ role: 'existing' }),
    may: rbac('roles', 'read_role'),
    denied: 403,
  },
  {
    name: 'permissions.listRoles',
    body: () => ({ limit: 1 }),
    may: rbac('roles', 'read_role'),
    denied: 403,
  },
  {
    name: 'permissions.deleteRole',
    body: async (world, targets) => ({ role: (await freshRole(world, targets)).roleId }),
    may: rbac('roles', 'delete_role'),
    denied: 403,
  },
  {
    name: 'permissions.setRolePermissions',
    body: async (world, targets) => ({ ...(await freshRole(world, targets)), permissions: [] }),
    may: rbac('roles', 'add_permission_to_role', 'remove_permission_from_role'),
    denied: 403,
  },
];

const coversRootKey = (holding: Holding) => holding.tuple('api.*.create_api');
const ofRootKey = (_: ControlWorld, { rootKeyId }: Targets) => ({ rootKeyId });
const made = async (world: ControlWorld) => {
  const [row] = await world.database`
    insert into latchkey.root_keys (id, workspace_id, hash, start, permissions, created_at_ms)
    values ('key_' || gen_random_uuid(), 'ws_1', gen_random_uuid()::text::bytea, '',
      array['api.*.create_api'], 1)
    returning replace(id, '-', '') as id, id as stored`;
  await world.database`
    update latchkey.root_keys set id = ${row?.id} where id = ${row?.stored}`;
  return { rootKeyId: row?.id };
};

export const adminRows: RightsRow[] = [
  {
    name: 'keys.deleteKeys',
    body: async (world, targets) => ({ keyIds: [(await freshKey(world, targets)).keyId] }),
    may: (holding, { keyspaceId }) =>
      holding.api('delete_key') || holding.urn(`keyspaces/${keyspaceId}/keys/#delete_key`),
    denied: 403,
  },
  {
    name: 'apis.listApis',
    body: () => ({ limit: 1 }),
    may: (holding) => holding.tuple('api.*.read_api'),
    denied: 403,
  },
  { name: 'apis.getApiSettings', body: ofApi, may: administers('read_api'), denied: 403 },
  { name: 'apis.updateApi', body: ofApi, may: administers('update_api'), denied: 403 },
  {
    name: 'workspaces.createWorkspace',
    body: () => ({ name: 'made' }),
    may: (holding) => holding.admin('create_workspace'),
    denied: 403,
  },
  {
    name: 'workspaces.getWorkspace',
    body: () => ({}),
    may: administers('read_workspace'),
    denied: 403,
  },
  {
    name: 'workspaces.listWorkspaces',
    body: () => ({ limit: 1 }),
    may: administers('read_workspace'),
    denied: 403,
  },
  {
    name: 'workspaces.updateWorkspace',
    body: () => ({ name: 'renamed' }),
    may: administers('update_workspace'),
    denied: 403,
  },
  {
    name: 'workspaces.rotateDataKey',
    body: () => ({}),
    may: administers('rotate_data_key'),
    denied: 403,
  },
  {
    name: 'rootKeys.createRootKey',
    body: () => ({ permissions: ['api.*.create_api'] }),
    may: (holding) => holding.admin('create_root_key') && coversRootKey(holding),
    denied: 403,
  },
  {
    name: 'rootKeys.listRootKeys',
    body: () => ({ limit: 1 }),
    may: administers('read_root_key'),
    denied: 403,
  },
  {
    name: 'rootKeys.updateRootKey',
    body: ofRootKey,
    may: (holding) => holding.admin('update_root_key') && coversRootKey(holding),
    denied: 403,
  },
  {
    name: 'rootKeys.rotateRootKey',
    body: (_, { rootKeyId }) => ({ rootKeyId, expiration: 1_000_000 }),
    may: (holding) => holding.admin('rotate_root_key') && coversRootKey(holding),
    denied: 403,
  },
  {
    name: 'rootKeys.revokeRootKey',
    body: made,
    may: administers('revoke_root_key'),
    denied: 403,
  },
  {
    name: 'migrations.createMigration',
    body: () => ({ algorithm: 'sha512' }),
    may: administers('create_migration'),
    denied: 403,
  },
  {
    name: 'migrations.listMigrations',
    body: () => ({ limit: 1 }),
    may: administers('read_migration'),
    denied: 403,
  },
  {
    name: 'auditLogs.listEvents',
    body: () => ({ limit: 1 }),
    may: administers('read_audit_log'),
    denied: 403,
  },
];
