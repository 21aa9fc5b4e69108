import type {
  CreateRoleBody,
  CreateRoleResult,
  DeleteRoleBody,
  GetRoleBody,
  ListRolesBody,
  PermissionsResult,
  RoleResult,
  SetRolePermissionsBody,
} from '../contract/permissions.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { demand, permissionNeed, roleNeed } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import { type Nothing, type Operation, type Page, refuse } from './operation.ts';
import { matchesSearch, rowsToRead, toPage } from './page.ts';
import { ensurePermissions, type PermissionRow, toPermission } from './permission-rows.ts';
import { noteRoleCreation, type RoleRow, roleColumns, toRole } from './role-rows.ts';

export const createRole: Operation<CreateRoleBody, CreateRoleResult> = async (
  context,
  caller,
  { name, description = null, permissions = [] },
) => {
  const adding = permissions.length > 0 ? [roleNeed('add_permission_to_role')] : [];
  demand(caller, { all: [roleNeed('create_role'), ...adding] });
  const id = newId('role');
  return inChange(context, caller, async (scope) => {
    const { transaction, workspaceId, nowMs } = scope;
    const created = await transaction`
      insert into latchkey.roles (id, workspace_id, name, description, created_at_ms)
      values (${id}, ${workspaceId}, ${name}, ${description}, ${nowMs})
      on conflict (workspace_id, latchkey.fold(name)) do nothing`;
    if (created.count === 0) {
      refuse('unkey/data/role_already_exists', `Role ${JSON.stringify(name)} already exists.`);
    }
    noteRoleCreation(scope, { id, name });
    await replacePermissions(scope, { id, name }, permissions);
    return { roleId: id };
  });
};

export const getRole: Operation<GetRoleBody, RoleResult> = async (
  { database },
  caller,
  { role },
) => {
  demand(caller, { all: [roleNeed('read_role')] });
  const row = await findRole(database, caller.workspaceId, role);
  return row ? toRole(row) : refuseUnknownRole(role);
};

export const listRoles: Operation<ListRolesBody, Page<RoleResult>> = async (
  { database },
  caller,
  body,
) => {
  demand(caller, { all: [roleNeed('read_role')] });
  const columns = ['r.id', 'r.name', 'r.description'];
  const rows = await database<RoleRow[]>`
    select ${roleColumns(database)} from latchkey.roles r
    where r.workspace_id = ${caller.workspaceId} and r.id >= ${body.cursor ?? ''}
      and ${matchesSearch(database, body.search ?? '', columns)}
    order by r.id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toRole), body, ({ id }) => id);
};

/** The links of keys stay behind and are invisible: nothing is at their other end. */
export const deleteRole: Operation<DeleteRoleBody, Nothing> = async (context, caller, { role }) => {
  demand(caller, { all: [roleNeed('delete_role')] });
  return inChange(context, caller, async ({ transaction, workspaceId, events }) => {
    const row = await findRole(transaction, workspaceId, role);
    if (!row) refuseUnknownRole(role);
    const { id, name } = row;
    const deleted = await transaction`delete from latchkey.roles where id = ${id}`;
    if (deleted.count === 0) refuseUnknownRole(role);
    events.push({
      action: 'role.delete',
      summary: `Deleted role ${JSON.stringify(name)}`,
      resources: [{ type: 'role', id, name }],
      before: { name },
    });
    return {};
  });
};

export const setRolePermissions: Operation<SetRolePermissionsBody, PermissionsResult> = async (
  context,
  caller,
  { roleId, permissions },
) => {
  demand(caller, {
    all: [roleNeed('add_permission_to_role'), roleNeed('remove_permission_from_role')],
  });
  return inChange(context, caller, async (scope) => {
    const [role] = await scope.transaction<{ id: string; name: string }[]>`
      select id, name from latchkey.roles
      where id = ${roleId} and workspace_id = ${scope.workspaceId} for update`;
    if (!role) refuseUnknownRole(roleId);
    return replacePermissions(scope, role, permissions);
  });
};

/** Makes the role's permissions exactly these, and returns them by slug. */
async function replacePermissions(
  scope: Scope,
  role: { id: string; name: string },
  slugs: readonly string[],
): Promise<PermissionsResult> {
  const { transaction, caller } = scope;
  const creation = { all: [permissionNeed('create_permission')] };
  const found = await ensurePermissions(scope, slugs, () => demand(caller, creation));
  const wanted = new Map([...found.values()].map((row) => [row.id, row]));
  const ids = [...wanted.keys()];
  const removed = await transaction<{ id: string }[]>`
    delete from latchkey.role_permissions
    where role_id = ${role.id} and permission_id <> all(${ids})
    returning permission_id as id`;
  const added = await transaction<{ id: string }[]>`
    insert into latchkey.role_permissions (role_id, permission_id)
    select ${role.id}, unnest(${ids}::text[]) on conflict do nothing
    returning permission_id as id`;
  note(scope, role, { isConnected: false, rows: removed });
  note(scope, role, { isConnected: true, rows: added.map(({ id }) => wanted.get(id) ?? { id }) });
  return [...wanted.values()].map(toPermission).sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

type LinkChange = { isConnected: boolean; rows: readonly ({ id: string } | PermissionRow)[] };

function note(
  { events }: Scope,
  { id, name }: { id: string; name: string },
  { isConnected, rows }: LinkChange,
): void {
  if (rows.length === 0) return;
  const verb = isConnected ? 'Connected' : 'Disconnected';
  events.push({
    action: isConnected
      ? 'authorization.connect_role_and_permission'
      : 'authorization.disconnect_role_and_permissions',
    summary: `${verb} permissions and role ${JSON.stringify(name)}`,
    resources: [
      { type: 'role', id, name },
      ...rows.map((row) => ({
        type: 'permission' as const,
        id: row.id,
        ...('slug' in row && { name: row.slug }),
      })),
    ],
  });
}

/** By id or by name; what is both is meant as an id. */
async function findRole(
  database: Queryable,
  workspaceId: string,
  reference: string,
): Promise<RoleRow | undefined> {
  const [row] = await database<RoleRow[]>`
    select ${roleColumns(database)} from latchkey.roles r
    where r.workspace_id = ${workspaceId}
      and (r.id = ${reference} or latchkey.fold(r.name) = latchkey.fold(${reference}))
    order by r.id = ${reference} desc limit 1`;
  return row;
}

function refuseUnknownRole(reference: string): never {
  refuse('unkey/data/role_not_found', `Role ${JSON.stringify(reference)} was not found.`);
}
