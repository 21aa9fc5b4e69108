/**
 * Which entities have changed since a snapshot. The change log carries the writer's transaction id;
 * what is visible now and was not visible in the applied snapshot is exactly what is new, however
 * late a transaction with a low id commits. Nothing is read twice and nothing is missed, without a
 * replication slot: a node that stays away costs the server no disk.
 */

import type { EntityKind } from '../domain/records.ts';
import { entityKinds } from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import type { Transaction } from '../lib/database.ts';

/** The present state of the database, to be read first in a repeatable-read transaction. */
export type DatabaseState = Omit<Watermark, 'format'> & {
  /** Changes of transactions below this id are gone from the log. */
  prunedBelow: string;
};

export async function readDatabaseState(transaction: Transaction): Promise<DatabaseState> {
  const [row] = await transaction<DatabaseState[]>`
    select instance_id as "instanceId", system_identifier::text as "systemIdentifier",
           timeline_id as "timeline", pg_current_snapshot()::text as "snapshot",
           changes_pruned_below::text as "prunedBelow"
    from latchkey.instance, pg_control_system(), pg_control_checkpoint()`;
  if (!row) throw new Error('the table latchkey.instance is empty');
  return row;
}

/**
 * For the rest of the transaction, statements keep one plan, which goes by indexes: planning the
 * statement that loads keys takes 3 ms, running it for ten keys 0.2 ms. And a plan for an unknown
 * snapshot would read the whole log.
 */
export async function planForFew(transaction: Transaction): Promise<void> {
  await transaction`
    select set_config('plan_cache_mode', 'force_generic_plan', true),
           set_config('enable_seqscan', 'off', true)`;
}

/** The lowest transaction id that was not yet settled in a snapshot, `xmin:xmax:list`. */
export function oldestUnsettled(snapshot: string): bigint {
  return BigInt(snapshot.slice(0, snapshot.indexOf(':')));
}

/**
 * An entity; a key of which no more than its row has changed; or a hash that a key does not have
 * any more: its id is `<kind of hash>:<hex>`.
 */
export type ChangedKind = EntityKind | 'keyRow' | 'keyHash';
export type ChangedEntities = Map<ChangedKind, string[]>;

const loggedKinds: readonly ChangedKind[] = [...entityKinds, 'keyHash'];

export async function readChanges(
  transaction: Transaction,
  appliedSnapshot: string,
): Promise<ChangedEntities> {
  const rows = await transaction<{ entity: ChangedKind; id: string; isRowOnly: boolean }[]>`
    select entity, id, bool_and(row_only) as "isRowOnly" from latchkey.changes
    where xid >= pg_snapshot_xmin(${appliedSnapshot}::pg_snapshot)
      and not pg_visible_in_snapshot(xid, ${appliedSnapshot}::pg_snapshot)
    group by entity, id`;
  const changed: ChangedEntities = new Map();
  for (const { entity, id, isRowOnly } of rows) {
    const kind = entity === 'key' && isRowOnly ? 'keyRow' : entity;
    const ids = changed.get(kind);
    if (ids) ids.push(id);
    // An entity of a newer version's schema is not ours to follow.
    else if (loggedKinds.includes(entity)) changed.set(kind, [id]);
  }
  return changed;
}

/**
 * Forgets changes older than `retentionHours`. A node that was away for longer copies everything
 * anew, which the raised `changes_pruned_below` tells it. What some transaction, however old and
 * whatever it does, may not have seen stays: so whoever reads after this has settled all that went,
 * and never copies for nothing. Returns how many rows went.
 */
export async function pruneChanges(
  transaction: Transaction,
  retentionHours: number,
): Promise<number> {
  const [row] = await transaction<{ pruned: number }[]>`
    with gone as (
      delete from latchkey.changes
      where logged_at < now() - make_interval(hours => ${retentionHours})
        and xid < pg_snapshot_xmin(pg_current_snapshot())
      returning xid
    ), raised as (
      update latchkey.instance
      set changes_pruned_below = greatest(changes_pruned_below,
            ((select max(xid::text::numeric) from gone) + 1)::text::xid8)
      where exists (select from gone)
    )
    select count(*)::int as pruned from gone`;
  return row?.pruned ?? 0;
}
