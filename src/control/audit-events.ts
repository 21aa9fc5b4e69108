/** The rows of the audit log: how they are written, and when they are forgotten. */
import type { AuditEvent } from '../domain/audit-actions.ts';
import { newId } from '../domain/ids.ts';
import type { Database, Queryable } from '../lib/database.ts';

/** On whose behalf something changed. */
export type AuditOrigin = {
  workspaceId: string;
  nowMs: number;
  /** The root key that asked, or what made a change without one, as `command line`. */
  rootKeyId: string;
  requestId: string;
  address: string;
  userAgent: string;
};

/** Callers choose it freely; past this length it is cut. */
const userAgentLengthMax = 512;
/** A longer text, as a large `meta`, is not repeated in the log; only its length is. */
const valueLengthMax = 4096;
const prunedRowsMax = 10_000;

export async function writeAuditEvents(
  transaction: Queryable,
  origin: AuditOrigin,
  events: readonly AuditEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    id: newId('auditLog'),
    action: event.action,
    summary: event.summary,
    resources: JSON.stringify(event.resources),
    resource_ids: event.resources.map(({ id }) => id),
    before: event.before ? shortened(event.before) : null,
    after: event.after ? shortened(event.after) : null,
  }));
  await transaction`
    insert into latchkey.audit_events (workspace_id, occurred_at_ms, actor, request_id, address,
      user_agent, id, action, summary, resources, resource_ids, before, after)
    select ${origin.workspaceId}, ${origin.nowMs}, ${origin.rootKeyId}, ${origin.requestId},
      ${origin.address}, ${origin.userAgent.slice(0, userAgentLengthMax)}, id, action, summary,
      resources, resource_ids, before, after
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (id text, action text,
      summary text, resources text, resource_ids text[], before text, after text)`;
}

function shortened(values: object): string {
  return JSON.stringify(values, (name, value) => {
    if (name === '' || typeof value !== 'object' || value === null) return value;
    const { length } = JSON.stringify(value);
    return length > valueLengthMax ? `(${length} characters)` : value;
  });
}

/**
 * Forgets what is older than its workspace keeps it, at most some thousands at a time so that no
 * transaction is long. Returns how many went: call again while that is not 0.
 */
export async function pruneAuditEvents(database: Database, nowMs: number): Promise<number> {
  const pruned = await database`
    delete from latchkey.audit_events where (workspace_id, occurred_at_ms, position) in (
      select e.workspace_id, e.occurred_at_ms, e.position
      from latchkey.workspaces w join latchkey.audit_events e on e.workspace_id = w.id
        and e.occurred_at_ms < ${nowMs}::bigint - w.audit_retention_days * 86400000::bigint
      limit ${prunedRowsMax})`;
  return pruned.count;
}
