/**
 * The refill of credits: sets what remains of a key to its amount, never lowers it, at the instant
 * that stands in its row. The instant is moved on in the same transaction, so however many nodes
 * look for due keys, each is refilled once; one that was due while no node ran is refilled when the
 * first one runs again, once for all the refills that it missed.
 *
 * What nodes hold leased counts as not yet used, as far as they may have it: a key that is in use
 * at midnight may end short of its amount by what was spent since its last lease, about a second's
 * worth; what is idle has been given back and is refilled exactly. What a node holds that has been
 * away for longer than `absentMinutes` counts as spent, and that node gets nothing for it if it
 * comes back: the key has its full amount again.
 */
import type { Database, Transaction } from '../lib/database.ts';
import { announceChange } from './credit-leases.ts';
import { nextRefillAtMs } from './refill-calendar.ts';

const batchMax = 500;
const absentMinutes = 10;

export type Refilled = {
  /** Keys whose refill was due. */
  dueCount: number;
  /** Those of them that had less than their amount. */
  filledCount: number;
};

/** Everything that is due at `nowMs`, Unix ms, in transactions of some hundred keys each. */
export async function refillCredits(database: Database, nowMs: number): Promise<Refilled> {
  const total: Refilled = { dueCount: 0, filledCount: 0 };
  for (;;) {
    const batch = await database.begin((transaction) => refillBatch(transaction, nowMs));
    total.dueCount += batch.dueCount;
    total.filledCount += batch.filledCount;
    if (batch.dueCount < batchMax) return total;
  }
}

async function refillBatch(transaction: Transaction, nowMs: number): Promise<Refilled> {
  const due = await lockDue(transaction, nowMs);
  if (due.length === 0) return { dueCount: 0, filledCount: 0 };
  // A refill that was set up without an instant begins with the next one.
  const ripe = due.filter((row) => row.isRipe).map((row) => row.keyId);
  const filledCount = ripe.length === 0 ? 0 : await fill(transaction, ripe, nowMs);
  const next = due.map((row) => nextRefillAtMs(nowMs, row.day));
  await transaction`
    update latchkey.key_credits c set refill_due_ms = d.due_ms
    from unnest(${due.map((row) => row.keyId)}::text[], ${next}::bigint[]) as d (key_id, due_ms)
    where c.key_id = d.key_id`;
  if (filledCount > 0) await announceChange(transaction);
  return { dueCount: due.length, filledCount };
}

type Due = { keyId: string; day: number | null; isRipe: boolean };

async function lockDue(transaction: Transaction, nowMs: number): Promise<Due[]> {
  return transaction<Due[]>`
    select key_id as "keyId", refill_day as "day", refill_due_ms is not null as "isRipe"
    from latchkey.key_credits
    where refill_amount is not null and coalesce(refill_due_ms, 0) <= ${nowMs}
    order by coalesce(refill_due_ms, 0) limit ${batchMax} for no key update skip locked`;
}

async function fill(transaction: Transaction, keyIds: string[], nowMs: number): Promise<number> {
  const filled = await transaction<{ keyId: string }[]>`
    with held as (
      select l.key_id, sum(l.outstanding)::bigint as credits
      from latchkey.credit_leases l join latchkey.nodes n on n.id = l.node_id
      where l.key_id = any(${keyIds})
        and n.seen_at > now() - make_interval(mins => ${absentMinutes})
      group by l.key_id)
    update latchkey.key_credits c
    set remaining = c.refill_amount - coalesce(h.credits, 0), refilled_at_ms = ${nowMs}
    from latchkey.keys k left join held h on h.key_id = k.id
    where c.key_id = any(${keyIds}) and k.id = c.key_id and k.deleted_at_ms is null
      and c.remaining + coalesce(h.credits, 0) < c.refill_amount
    returning c.key_id as "keyId"`;
  await transaction`
    delete from latchkey.credit_leases l using latchkey.nodes n
    where n.id = l.node_id and l.key_id = any(${filled.map((row) => row.keyId)})
      and n.seen_at <= now() - make_interval(mins => ${absentMinutes})`;
  return filled.length;
}
