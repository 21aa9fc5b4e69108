import type {
  CreatePermissionBody,
  CreatePermissionResult,
  DeletePermissionBody,
  GetPermissionBody,
  ListPermissionsBody,
  PermissionResult,
} from '../contract/permissions.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { demand, permissionNeed } from './authorize.ts';
import { inChange } from './change.ts';
import { type Nothing, type Operation, type Page, refuse } from './operation.ts';
import { matchesSearch, rowsToRead, toPage } from './page.ts';
import { notePermissionCreation, type PermissionRow, toPermission } from './permission-rows.ts';

export const createPermission: Operation<CreatePermissionBody, CreatePermissionResult> = async (
  context,
  caller,
  { name, slug, description = null },
) => {
  demand(caller, { all: [permissionNeed('create_permission')] });
  const id = newId('permission');
  return inChange(context, caller, async (scope) => {
    const { transaction, workspaceId, nowMs } = scope;
    const created = await transaction`
      insert into latchkey.permissions (id, workspace_id, name, slug, description, created_at_ms)
      values (${id}, ${workspaceId}, ${name}, ${slug}, ${description}, ${nowMs})
      on conflict (workspace_id, latchkey.fold(slug)) do nothing`;
    if (created.count === 0) {
      refuse('unkey/data/permission_already_exists', `Permission '${slug}' already exists.`);
    }
    notePermissionCreation(scope, { id, name, slug, description });
    return { permissionId: id };
  });
};

export const getPermission: Operation<GetPermissionBody, PermissionResult> = async (
  { database },
  caller,
  { permission },
) => {
  demand(caller, { all: [permissionNeed('read_permission')] });
  const row = await findPermission(database, caller.workspaceId, permission);
  return row ? toPermission(row) : refuseUnknownPermission(permission);
};

export const listPermissions: Operation<ListPermissionsBody, Page<PermissionResult>> = async (
  { database },
  caller,
  body,
) => {
  demand(caller, { all: [permissionNeed('read_permission')] });
  const columns = ['id', 'name', 'slug', 'description'];
  const rows = await database<PermissionRow[]>`
    select id, name, slug, description from latchkey.permissions
    where workspace_id = ${caller.workspaceId} and id >= ${body.cursor ?? ''}
      and ${matchesSearch(database, body.search ?? '', columns)}
    order by id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toPermission), body, ({ id }) => id);
};

/** The links of keys and roles stay behind and are invisible: nothing is at their other end. */
export const deletePermission: Operation<DeletePermissionBody, Nothing> = async (
  context,
  caller,
  { permission },
) => {
  demand(caller, { all: [permissionNeed('delete_permission')] });
  return inChange(context, caller, async ({ transaction, workspaceId, events }) => {
    const row = await findPermission(transaction, workspaceId, permission);
    if (!row) refuseUnknownPermission(permission);
    const { id, name, slug } = row;
    const deleted = await transaction`delete from latchkey.permissions where id = ${id}`;
    if (deleted.count === 0) refuseUnknownPermission(permission);
    events.push({
      action: 'permission.delete',
      summary: `Deleted permission ${slug}`,
      resources: [{ type: 'permission', id, name: slug }],
      before: { name, slug },
    });
    return {};
  });
};

/** By id or by slug; what is both is meant as an id. */
async function findPermission(
  database: Queryable,
  workspaceId: string,
  reference: string,
): Promise<PermissionRow | undefined> {
  const [row] = await database<PermissionRow[]>`
    select id, name, slug, description from latchkey.permissions
    where workspace_id = ${workspaceId}
      and (id = ${reference} or latchkey.fold(slug) = latchkey.fold(${reference}))
    order by id = ${reference} desc limit 1`;
  return row;
}

function refuseUnknownPermission(reference: string): never {
  refuse('unkey/data/permission_not_found', `Permission '${reference}' was not found.`);
}
