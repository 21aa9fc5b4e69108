/**
 * Who may call what, written down from the contract: for each operation a body that is good, what
 * the caller must hold, and the status that others read. The rules of the grants are written here
 * a second time and otherwise: by listing every grant that would do.
 */
import { adminActions } from '../../src/domain/operator-rights.ts';
import type { ControlWorld } from './control-world.ts';

/** What a caller holds, asked in the words of the contract. */
export type Holding = {
  tuple(name: string): boolean;
  /** `api.*.<action>` or that of the API of the test. */
  api(action: string): boolean;
  urn(path: string): boolean;
  /** `admin.*.<action>` or that of the workspace of the test. */
  admin(action: string): boolean;
};

export type RightsRow = {
  name: string;
  body: (world: ControlWorld, targets: Targets) => object | Promise<object>;
  may: (holding: Holding, targets: Targets) => boolean;
  /** What is answered to those who may not. */
  denied: 403 | 404;
};

export type Targets = {
  apiId: string;
  keyspaceId: string;
  keyId: string;
  key: string;
  identityId: string;
  migrationId: string;
  rootKeyId: string;
  /** Different in each call. */
  fresh(): string;
};

const workspaceId = 'ws_1';
const full = `unkey:v1:${workspaceId}:**#*`;

export function holdingOf(granted: readonly string[], { apiId }: Targets): Holding {
  const has = (permission: string) => granted.includes(permission);
  const tuple = (name: string) => has(full) || has(name);
  return {
    tuple,
    api: (action) => tuple(`api.*.${action}`) || tuple(`api.${apiId}.${action}`),
    urn: (path) =>
      has(full) || sufficientUrns(path).some((urn) => has(`unkey:v1:${workspaceId}:${urn}`)),
    admin: (action) => has(`admin.*.${action}`) || has(`admin.${workspaceId}.${action}`),
  };
}

/** Every grant that contains a path: each segment itself or `*`, and each beginning with `**`. */
export function sufficientUrns(path: string): string[] {
  const [segments = '', action = ''] = path.split('#');
  let beginnings = [''];
  const found: string[] = [];
  for (const segment of segments.split('/')) {
    for (const beginning of beginnings) found.push(`${beginning}**#${action}`);
    beginnings = beginnings.flatMap((one) => [`${one}${segment}/`, `${one}*/`]);
  }
  return [...found, ...beginnings.map((one) => `${one.slice(0, -1)}#${action}`)];
}

/** Everything that a random caller is made of. */
export function grantPool({ apiId, keyspaceId, keyId, identityId }: Targets): string[] {
  const urn = (path: string) => `unkey:v1:${workspaceId}:${path}`;
  return [
    ...['*', 'api.*', 'api.*.*', 'unkey:v1:ws_2:**#*', urn('**'), urn('keyspaces/**#*'), full],
    ...apiActions.flatMap((action) => [`api.*.${action}`, `api.${apiId}.${action}`]),
    ...apiActions.map((action) => `api.api_elsewhere.${action}`),
    ...rbacActions.map((action) => `rbac.*.${action}`),
    ...identityActions.flatMap((action) => [`identity.*.${action}`, `identity.id_1.${action}`]),
    `identity.${identityId}.read_identity`,
    ...adminActions.map((action) => `admin.*.${action}`),
    ...['read_api', 'update_api', 'create_root_key'].map((action) => `admin.ws_1.${action}`),
    ...['create_root_key', 'read_workspace'].map((action) => `admin.ws_2.${action}`),
    ...sufficientUrns(`keyspaces/${keyspaceId}/keys/${keyId}#update_key`).map(urn),
    ...['read_key', 'delete_key', 'create_key'].map((one) => urn(`keyspaces/*/keys/*#${one}`)),
    ...[`keyspaces/${keyspaceId}#create_key`, `keyspaces/${keyspaceId}#read_keyspace`].map(urn),
    ...['rbac/permissions/*#create_permission', 'rbac/**#read_role'].map(urn),
    urn('projects/*/identities/*#create_identity'),
  ];
}

const apiActions = [
  ...['create_api', 'read_api', 'update_api', 'delete_api', 'create_key', 'read_key'],
  ...['update_key', 'delete_key', 'encrypt_key', 'decrypt_key'],
];
const identityActions = ['create_identity', 'read_identity', 'update_identity', 'delete_identity'];
const rbacActions = [
  ...['create_permission', 'read_permission', 'delete_permission', 'create_role', 'read_role'],
  ...['delete_role', 'add_permission_to_key', 'remove_permission_from_key', 'add_role_to_key'],
  ...['remove_role_from_key', 'add_permission_to_role', 'remove_permission_from_role'],
];
