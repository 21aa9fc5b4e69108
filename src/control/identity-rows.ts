/** The rows of identities: found by external id, made where they are missing. */
import { newId } from '../domain/ids.ts';
import type { Scope } from './change.ts';

type IdentityName = { id: string; externalId: string };

/**
 * The ids of the live identities with these external ids, by external id. Missing ones are made.
 * Concurrent calls that need the same one end with one: the unique index decides, and rows are
 * inserted in one order, so that two calls wait for each other never in a circle.
 */
export async function ensureIdentities(
  scope: Scope,
  externalIds: readonly string[],
): Promise<Map<string, string>> {
  const wanted = [...new Set(externalIds)].sort();
  if (wanted.length === 0) return new Map();
  const found = await scope.transaction<IdentityName[]>`
    select id, external_id as "externalId" from latchkey.identities
    where workspace_id = ${scope.workspaceId} and external_id = any(${wanted})
      and deleted_at_ms is null`;
  const ids = new Map(found.map(({ id, externalId }) => [externalId, id]));
  const missing = wanted.filter((externalId) => !ids.has(externalId));
  for (const { id, externalId } of await insertIdentities(scope, missing)) ids.set(externalId, id);
  return ids;
}

/** Another call may have made one of them just now; then that one is what comes back. */
async function insertIdentities(
  scope: Scope,
  externalIds: readonly string[],
): Promise<IdentityName[]> {
  if (externalIds.length === 0) return [];
  const { transaction, workspaceId, nowMs } = scope;
  const rows = externalIds.map((externalId) => ({ id: newId('identity'), externalId }));
  const stored = await transaction<(IdentityName & { isNew: boolean })[]>`
    insert into latchkey.identities (id, workspace_id, external_id, meta, created_at_ms)
    select id, ${workspaceId}, "externalId", '{}', ${nowMs}
    from json_to_recordset(${JSON.stringify(rows)}::text::json)
      as rows (id text, "externalId" text)
    on conflict (workspace_id, external_id) where deleted_at_ms is null
    do update set external_id = excluded.external_id
    returning id, external_id as "externalId", xmax = 0 as "isNew"`;
  for (const { id, externalId, isNew } of stored) {
    if (isNew) noteIdentityCreation(scope, id, externalId);
  }
  return stored;
}

export function noteIdentityCreation(scope: Scope, id: string, externalId: string): void {
  scope.events.push({
    action: 'identity.create',
    summary: `Created identity ${id} of ${externalId}`,
    resources: [{ type: 'identity', id, name: externalId }],
    after: { externalId },
  });
}
