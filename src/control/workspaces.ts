/** Workspaces, which only administrators see. */
import type {
  CreateWorkspaceBody,
  CreateWorkspaceResult,
  DeleteWorkspaceBody,
  GetWorkspaceBody,
  ListWorkspacesBody,
  RotateDataKeyBody,
  RotateDataKeyResult,
  UpdateWorkspaceBody,
  WorkspaceResult,
} from '../contract/admin-workspaces.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { requireAdmin } from './authorize.ts';
import { difference, inChange, type Scope } from './change.ts';
import { insertDataKey, requireVault } from './encrypted-keys.ts';
import { type Caller, type Nothing, type Operation, type Page, refuse } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';

export const createWorkspace: Operation<CreateWorkspaceBody, CreateWorkspaceResult> = async (
  context,
  caller,
  { name },
) => {
  requireAdmin(caller, 'create_workspace', '*');
  const workspaceId = newId('workspace');
  const work = async (scope: Scope) => {
    await insertWorkspace(scope, name);
    return { workspaceId };
  };
  return inChange(context, caller, work, workspaceId);
};

/** The workspace that the scope is about. */
export async function insertWorkspace(
  { transaction, workspaceId, nowMs, events }: Omit<Scope, 'caller'>,
  name: string,
): Promise<void> {
  await transaction`
    insert into latchkey.workspaces (id, name, created_at_ms)
    values (${workspaceId}, ${name}, ${nowMs})`;
  events.push({
    action: 'workspace.create',
    summary: `Created workspace ${workspaceId}`,
    resources: [{ type: 'workspace', id: workspaceId, name }],
    after: { name },
  });
}

export const getWorkspace: Operation<GetWorkspaceBody, WorkspaceResult> = async (
  { database },
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'read_workspace', body.workspaceId);
  return toResult(await requireWorkspace(database, workspaceId));
};

export const listWorkspaces: Operation<ListWorkspacesBody, Page<WorkspaceResult>> = async (
  { database },
  caller,
  body,
) => {
  requireAdmin(caller, 'read_workspace', '*');
  const rows = await database<WorkspaceRow[]>`
    select ${workspaceColumns(database)} from latchkey.workspaces
    where deleted_at_ms is null and id >= ${body.cursor ?? ''}
    order by id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toResult), body, ({ id }) => id);
};

export const updateWorkspace: Operation<UpdateWorkspaceBody, WorkspaceResult> = async (
  context,
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'update_workspace', body.workspaceId);
  if (body.enabled === false) refuseOwnWorkspace(caller, workspaceId);
  const work = async ({ transaction, events }: Scope) => {
    const before = await requireWorkspace(transaction, workspaceId, 'locked');
    const { workspaceId: _, ...changes } = body;
    const after = { ...before, ...withoutUndefined(changes) };
    await transaction`
      update latchkey.workspaces set name = ${after.name}, enabled = ${after.enabled},
        requests_per_minute_max = ${after.requestsPerMinute},
        log_retention_days = ${after.logRetentionDays},
        audit_retention_days = ${after.auditRetentionDays}
      where id = ${workspaceId}`;
    events.push({
      action: 'workspace.update',
      summary: `Changed workspace ${workspaceId}`,
      resources: [{ type: 'workspace', id: workspaceId, name: after.name }],
      ...difference(before, after),
    });
    return toResult(after);
  };
  return inChange(context, caller, work, workspaceId);
};

/** Soft: nothing of it is touched, and nobody has access to it any more. */
export const deleteWorkspace: Operation<DeleteWorkspaceBody, Nothing> = async (
  context,
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'delete_workspace', body.workspaceId);
  refuseOwnWorkspace(caller, workspaceId);
  const work = async ({ transaction, nowMs, events }: Scope) => {
    const { name } = await requireWorkspace(transaction, workspaceId, 'locked');
    await transaction`
      update latchkey.workspaces set deleted_at_ms = ${nowMs} where id = ${workspaceId}`;
    events.push({
      action: 'workspace.delete',
      summary: `Deleted workspace ${workspaceId}`,
      resources: [{ type: 'workspace', id: workspaceId, name }],
    });
    return {};
  };
  return inChange(context, caller, work, workspaceId);
};

export const rotateDataKey: Operation<RotateDataKeyBody, RotateDataKeyResult> = async (
  context,
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'rotate_data_key', body.workspaceId);
  const vault = requireVault(context);
  const work = async ({ transaction, nowMs, events }: Scope) => {
    await requireWorkspace(transaction, workspaceId);
    const { id } = await insertDataKey(transaction, { vault, workspaceId, nowMs });
    events.push({
      action: 'dataKey.rotate',
      summary: `Made data key ${id} for workspace ${workspaceId}`,
      resources: [
        { type: 'dataKey', id },
        { type: 'workspace', id: workspaceId },
      ],
    });
    return { dataKeyId: id };
  };
  return inChange(context, caller, work, workspaceId);
};

type WorkspaceRow = Omit<WorkspaceResult, 'requestsPerMinute'> & {
  requestsPerMinute: number | null;
};

function workspaceColumns(database: Queryable) {
  return database`id, name, enabled, requests_per_minute_max as "requestsPerMinute",
    log_retention_days as "logRetentionDays", audit_retention_days as "auditRetentionDays",
    created_at_ms as "createdAt"`;
}

/** A workspace that was not deleted; refuses the request if there is none. */
export async function requireWorkspace(
  database: Queryable,
  workspaceId: string,
  lock?: 'locked',
): Promise<WorkspaceRow> {
  const [row] = await database<WorkspaceRow[]>`
    select ${workspaceColumns(database)} from latchkey.workspaces
    where id = ${workspaceId} and deleted_at_ms is null
    ${lock ? database`for update` : database``}`;
  return row ?? refuse('unkey/data/workspace_not_found', 'The workspace does not exist.');
}

function toResult({ requestsPerMinute, ...row }: WorkspaceRow): WorkspaceResult {
  return { ...row, ...(requestsPerMinute !== null && { requestsPerMinute }) };
}

function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: NonUndefined<T[K]> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: NonUndefined<T[K]> };
}

type NonUndefined<T> = Exclude<T, undefined>;

/** It could not be undone: the root key that asks for it stops working too. */
function refuseOwnWorkspace(caller: Caller, workspaceId: string): void {
  if (workspaceId !== caller.workspaceId) return;
  refuse(
    'unkey/application/protected_resource',
    'A root key cannot disable or delete its own workspace.',
  );
}
