/** The rows of roles: found by name whatever its case. */
import type { RoleResult } from '../contract/permissions.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import type { Scope } from './change.ts';
import { refuse } from './operation.ts';
import { type PermissionRow, toPermission } from './permission-rows.ts';

/** The id of a role and its name as it is stored. */
export type RoleName = { id: string; name: string };

/** The existing ones among these names, by the name as it was asked for. */
async function findRoles(
  database: Queryable,
  workspaceId: string,
  names: readonly string[],
): Promise<Map<string, RoleName>> {
  if (names.length === 0) return new Map();
  const rows = await database<(RoleName & { wanted: string })[]>`
    select wanted.name as wanted, r.id, r.name
    from unnest(${names as string[]}::text[]) as wanted (name)
    join latchkey.roles r on r.workspace_id = ${workspaceId}
      and latchkey.fold(r.name) = latchkey.fold(wanted.name)`;
  return new Map(rows.map(({ wanted, id, name }) => [wanted, { id, name }]));
}

/** All of these roles; one that does not exist refuses the request and is quoted. */
export async function resolveRoles(
  { transaction, workspaceId }: Scope,
  names: readonly string[],
): Promise<Map<string, RoleName>> {
  const wanted = [...new Set(names)];
  const found = await findRoles(transaction, workspaceId, wanted);
  const missing = wanted.find((name) => !found.has(name));
  if (missing !== undefined) {
    refuse('unkey/data/role_not_found', `Role ${JSON.stringify(missing)} was not found.`);
  }
  return found;
}

/** All of these roles; missing ones are made, without permissions. */
export async function ensureRoles(
  scope: Scope,
  names: readonly string[],
): Promise<Map<string, RoleName>> {
  const { transaction, workspaceId, nowMs } = scope;
  const wanted = [...new Set(names)];
  const found = await findRoles(transaction, workspaceId, wanted);
  const missing = wanted.filter((name) => !found.has(name));
  if (missing.length === 0) return found;
  const rows = missing.map((name) => ({ id: newId('role'), name }));
  const stored = await transaction<(RoleName & { isNew: boolean })[]>`
    insert into latchkey.roles as r (id, workspace_id, name, created_at_ms)
    select distinct on (latchkey.fold(name)) id, ${workspaceId}, name, ${nowMs}::bigint
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (id text, name text)
    order by latchkey.fold(name)
    on conflict (workspace_id, latchkey.fold(name)) do update set name = r.name
    returning id, name, xmax = 0 as "isNew"`;
  for (const { isNew, ...role } of stored) if (isNew) noteRoleCreation(scope, role);
  return new Map([...found, ...(await findRoles(transaction, workspaceId, missing))]);
}

export function noteRoleCreation(scope: Scope, { id, name }: RoleName): void {
  scope.events.push({
    action: 'role.create',
    summary: `Created role ${JSON.stringify(name)}`,
    resources: [{ type: 'role', id, name }],
    after: { name },
  });
}

export type RoleRow = RoleName & { description: string | null; permissions: PermissionRow[] };

/** The columns of a RoleRow, of `r`. */
export function roleColumns(database: Queryable) {
  return database`r.id, r.name, r.description, (
    select coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'slug', p.slug,
      'description', p.description) order by p.slug), '[]'::json)
    from latchkey.role_permissions rp join latchkey.permissions p on p.id = rp.permission_id
    where rp.role_id = r.id) as permissions`;
}

export function toRole({ id, name, description, permissions }: RoleRow): RoleResult {
  return {
    id,
    name,
    ...(description !== null && { description }),
    ...(permissions.length > 0 && { permissions: permissions.map(toPermission) }),
  };
}
