/**
 * The documents that every node holds: read-ready, each entity on its own, so that editing one role
 * or one API rewrites one document and not a million keys.
 */

export type LimitConfig = {
  limitId: string;
  name: string;
  limit: number;
  durationMs: number;
  autoApply: boolean;
};

export type KeyRecord = {
  keyId: string;
  workspaceId: string;
  apiId: string;
  /** Empty without an identity. */
  identityId: string;
  isEnabled: boolean;
  /** Unix ms; 0 when the key does not expire. */
  expiresAtMs: number;
  hasCredits: boolean;
  /** Empty unless the key was imported and not yet used. */
  migrationId: string;
  permissionIds: readonly string[];
  roleIds: readonly string[];
  limits: readonly LimitConfig[];
  /** Empty when unset. */
  name: string;
  /** The JSON text of the object; empty when unset or `{}`. */
  metaJson: string;
};

export type ApiRecord = {
  apiId: string;
  workspaceId: string;
  keyspaceId: string;
  name: string;
  /** Addresses and CIDR ranges that may call for this API's keys, comma separated; empty: all. */
  allowedAddresses: string;
};

export type IdentityRecord = {
  identityId: string;
  workspaceId: string;
  externalId: string;
  metaJson: string;
  limits: readonly LimitConfig[];
};

export type PermissionRecord = { permissionId: string; workspaceId: string; slug: string };

export type RoleRecord = {
  roleId: string;
  workspaceId: string;
  name: string;
  permissionIds: readonly string[];
};

export type WorkspaceRecord = {
  workspaceId: string;
  isEnabled: boolean;
  /** null: unlimited; 0: every request is refused. */
  requestsPerMinuteMax: number | null;
  /** Whether there ever was a migration, so that keys may look like nothing of ours. */
  hasImports: boolean;
};

/** Where imported keys come from. */
export type MigrationRecord = {
  migrationId: string;
  workspaceId: string;
  /** Position in `hashAlgorithms`. */
  hashKind: number;
  /** The secret of a keyed hash, encrypted, in base64, and under which key; else empty. */
  pepper: string;
  pepperMasterKey: string;
};

export type RootKeyRecord = {
  rootKeyId: string;
  /** The workspace that it controls. */
  workspaceId: string;
  isEnabled: boolean;
  expiresAtMs: number;
  permissions: readonly string[];
};

export type OverrideConfig = {
  overrideId: string;
  /** An identifier, or a pattern in which `*` stands for any characters. */
  identifier: string;
  /** 0 refuses everything. */
  limit: number;
  durationMs: number;
};

export type NamespaceRecord = {
  namespaceId: string;
  workspaceId: string;
  name: string;
  /** Kept, so that it is refused as gone and not made again. */
  isDeleted: boolean;
  overrides: readonly OverrideConfig[];
};

/** The kinds of document, by the name of their entity in the change log. */
export const entityKinds = [
  'workspace',
  'api',
  'key',
  'identity',
  'permission',
  'role',
  'rootKey',
  'namespace',
  'migration',
] as const;

export type EntityKind = (typeof entityKinds)[number];

/** Every kind but `key` and `rootKey`, which are looked up by hash. */
export type DocumentRecords = {
  workspace: WorkspaceRecord;
  api: ApiRecord;
  identity: IdentityRecord;
  permission: PermissionRecord;
  role: RoleRecord;
  namespace: NamespaceRecord;
  migration: MigrationRecord;
};

export type DocumentKind = keyof DocumentRecords;
