/**
 * The rights to administer: workspaces, root keys, migrations, the settings of APIs, the audit log.
 * They are tuples of a type of their own, `admin.<workspaceId>.<action>` or `admin.*.<action>`, and
 * are held only where they are written: `**#*`, which is everything *in* a workspace, does not
 * contain them, so no root key of a customer reaches them.
 *
 * One permission contains them all, and every right in every workspace: that of the operator.
 */
import type { Grants } from './grants.ts';

/** Not of any workspace's URNs, which begin with `unkey:v1:<workspaceId>:`. */
export const operatorPermission = 'latchkey:v1:**#*';

export const adminActions = [
  'create_workspace',
  'read_workspace',
  'update_workspace',
  'delete_workspace',
  'create_root_key',
  'read_root_key',
  'update_root_key',
  'revoke_root_key',
  'rotate_root_key',
  'create_migration',
  'read_migration',
  'read_api',
  'update_api',
  'rotate_data_key',
  'read_audit_log',
] as const;

export type AdminAction = (typeof adminActions)[number];

export function adminTuples(workspaceId: string, action: AdminAction): string[] {
  return [`admin.*.${action}`, `admin.${workspaceId}.${action}`];
}

export function holdsAdmin(grants: Grants, workspaceId: string, action: AdminAction): boolean {
  if (isOperator(grants)) return true;
  return adminTuples(workspaceId, action).some((tuple) => grants.tuples.has(tuple));
}

export function isOperator(grants: Grants): boolean {
  return grants.tuples.has(operatorPermission);
}

const tuple = /^([a-z]+)\.(\*|[a-zA-Z0-9_-]+)\.([a-z_]+)$/;
const urnPath = /^[^#]+#(?:[a-z_]+|\*)$/;

/** Whether a permission has a form in which it could ever allow something in this workspace. */
export function isGrantable(permission: string, workspaceId: string): boolean {
  if (permission === operatorPermission || tuple.test(permission)) return true;
  const path = urnPathOf(permission, workspaceId);
  return path !== undefined && urnPath.test(path) && (!path.endsWith('#*') || path === '**#*');
}

/**
 * Whether whoever holds `grants` in `workspaceId` already holds everything that `permission` would
 * allow in `targetWorkspaceId`. Nobody can hand out more than that.
 */
export function covers(
  { grants, workspaceId }: { grants: Grants; workspaceId: string },
  targetWorkspaceId: string,
  permission: string,
): boolean {
  if (isOperator(grants)) return true;
  if (permission === operatorPermission || targetWorkspaceId !== workspaceId) return false;
  if (grants.tuples.has(permission)) return true;
  const [, type, , action] = tuple.exec(permission) ?? [];
  if (type !== undefined && grants.tuples.has(`${type}.*.${action}`)) return true;
  if (grants.isFullAdmin) return type !== 'admin';
  const path = urnPathOf(permission, workspaceId);
  return path !== undefined && coversUrn(grants, path);
}

function coversUrn(grants: Grants, wanted: string): boolean {
  const [path = '', action = ''] = wanted.split('#');
  const segments = path.split('/');
  return grants.urns.some((urn) => urn.action === action && containsPath(urn.segments, segments));
}

/** Unlike a single `*`, which is one segment, `**` is as many as one likes. */
function containsPath(granted: readonly string[], wanted: readonly string[]): boolean {
  for (const [index, segment] of granted.entries()) {
    if (segment === '**' && index === granted.length - 1) return wanted.length > index;
    const actual = wanted[index];
    const isContained = segment === actual || (segment === '*' && actual !== '**');
    if (actual === undefined || !isContained) return false;
  }
  return granted.length === wanted.length;
}

function urnPathOf(permission: string, workspaceId: string): string | undefined {
  const prefix = `unkey:v1:${workspaceId}:`;
  return permission.startsWith(prefix) ? permission.slice(prefix.length) : undefined;
}
