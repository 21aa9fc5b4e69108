/** What the audit log calls a change, and what it can be about. Names are never changed. */
export const auditActions = [
  'api.create',
  'api.update',
  'api.delete',
  'key.create',
  'key.update',
  'key.delete',
  'key.reroll',
  'key.migrate',
  'identity.create',
  'identity.update',
  'identity.delete',
  'ratelimit.create',
  'ratelimit.update',
  'ratelimit.delete',
  'permission.create',
  'permission.delete',
  'role.create',
  'role.delete',
  'authorization.connect_permission_and_key',
  'authorization.disconnect_permission_and_key',
  'authorization.connect_role_and_key',
  'authorization.disconnect_role_and_key',
  'authorization.connect_role_and_permission',
  'authorization.disconnect_role_and_permissions',
  'ratelimitNamespace.create',
  'ratelimit.set_override',
  'ratelimit.delete_override',
  'workspace.create',
  'workspace.update',
  'workspace.delete',
  'rootKey.create',
  'rootKey.update',
  'rootKey.rotate',
  'rootKey.revoke',
  'migration.create',
  'dataKey.rotate',
] as const;

export type AuditAction = (typeof auditActions)[number];

export type AuditResourceType =
  | 'api'
  | 'key'
  | 'identity'
  | 'ratelimit'
  | 'permission'
  | 'role'
  | 'ratelimitNamespace'
  | 'ratelimitOverride'
  | 'workspace'
  | 'rootKey'
  | 'migration'
  | 'dataKey';

export type AuditResource = {
  type: AuditResourceType;
  id: string;
  /** What people call it, where it has such a name. */
  name?: string;
};

/** One change of one thing. `before` and `after` hold the fields that differ, never a secret. */
export type AuditEvent = {
  action: AuditAction;
  /** A sentence for people. */
  summary: string;
  resources: AuditResource[];
  before?: object;
  after?: object;
};
