/** Namespaces of rate limits: they come into being with the first decision that names them. */
import { newId } from '../domain/ids.ts';
import type { NamespaceRecord } from '../domain/records.ts';
import type { Queryable, Transaction } from '../lib/database.ts';
import { createNamespaceNeed } from '../verify/decide-limits.ts';
import { demand } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import { type Caller, type Operation, refuse } from './operation.ts';

export type NamespaceRow = { id: string; name: string };

/** A live namespace of the caller's workspace, by its id or its name; an id comes first. */
export async function findNamespace(
  database: Queryable,
  caller: Caller,
  nameOrId: string,
): Promise<NamespaceRow> {
  const [row] = await database<(NamespaceRow & { isDeleted: boolean })[]>`
    select id, name, deleted_at_ms is not null as "isDeleted"
    from latchkey.ratelimit_namespaces
    where workspace_id = ${caller.workspaceId} and (id = ${nameOrId} or name = ${nameOrId})
    order by id = ${nameOrId} desc limit 1`;
  return row && !row.isDeleted ? row : refuseUnknownNamespace();
}

/** The same for one that never was, that was deleted, and that is another workspace's. */
function refuseUnknownNamespace(): never {
  refuse(
    'unkey/data/ratelimit_namespace_not_found',
    'The requested rate-limit namespace does not exist or has been deleted.',
  );
}

export type CreateNamespacesBody = { names: readonly string[] };
export type CreateNamespacesResult = { namespaces: NamespaceRecord[] };

/**
 * Makes sure that there are namespaces of these names. No endpoint of its own: a rate-limit
 * decision calls it for the names that its replica does not know. Of concurrent callers one makes
 * the namespace and the others find it; one that was deleted stays so. New ones have no overrides,
 * and those of others are left to the replica.
 */
export const createNamespaces: Operation<CreateNamespacesBody, CreateNamespacesResult> = async (
  context,
  caller,
  { names },
) => {
  demand(caller, { all: [createNamespaceNeed] });
  return inChange(context, caller, async (scope) => {
    await insertMissing(scope, names);
    const rows = await readNamespaces(scope.transaction, caller.workspaceId, names);
    const { workspaceId } = caller;
    return { namespaces: rows.map((row) => ({ ...row, workspaceId, overrides: [] })) };
  });
};

async function insertMissing(
  { transaction, workspaceId, nowMs, events }: Scope,
  names: readonly string[],
): Promise<void> {
  // Sorted, so that concurrent calls wait for each other in the same order and never in a circle.
  const rows = [...new Set(names)]
    .sort()
    .map((name) => ({ id: newId('namespace'), workspace_id: workspaceId, name }));
  const made = await transaction<NamespaceRow[]>`
    insert into latchkey.ratelimit_namespaces ${transaction(
      rows.map((row) => ({ ...row, created_at_ms: nowMs })),
    )} on conflict (workspace_id, name) do nothing
    returning id, name`;
  for (const { id, name } of made) {
    events.push({
      action: 'ratelimitNamespace.create',
      summary: `Created rate-limit namespace ${id}`,
      resources: [{ type: 'ratelimitNamespace', id, name }],
      after: { name },
    });
  }
}

/** A statement of its own: it sees what concurrent callers have committed meanwhile. */
function readNamespaces(
  transaction: Transaction,
  workspaceId: string,
  names: readonly string[],
): Promise<{ namespaceId: string; name: string; isDeleted: boolean }[]> {
  return transaction<{ namespaceId: string; name: string; isDeleted: boolean }[]>`
    select id as "namespaceId", name, deleted_at_ms is not null as "isDeleted"
    from latchkey.ratelimit_namespaces
    where workspace_id = ${workspaceId} and name = any(${names as string[]})`;
}
