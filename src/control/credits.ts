/**
 * The credits of keys: every statement by which people change or read them; those by which nodes
 * spend them are in credit-leases.ts. A key without a row is unlimited. The rules of what a request
 * may say differ between creating and updating a key, as the contract has it.
 *
 * What is told as remaining counts what live nodes have leased as not yet used: it is exact for a
 * key at rest, or after `settleCredits`, and at most about a second's spending too high otherwise.
 */
import type { UpdateKeyBody } from '../contract/keys.ts';
import type { KeyCredits } from '../contract/shared.ts';
import type { Queryable, Transaction } from '../lib/database.ts';
import type { Scope } from './change.ts';
import { announceChange, revokeLeases } from './credit-leases.ts';
import { refuseInput } from './operation.ts';
import { nextRefillAtMs } from './refill-calendar.ts';

type Refill = NonNullable<KeyCredits['refill']>;
export type CreditsUpdate = NonNullable<UpdateKeyBody['credits']>;

/** Refuses credits that a new key cannot have. */
export function checkNewCredits(credits: KeyCredits | undefined): void {
  if (!credits?.refill) return;
  if (credits.remaining === null) {
    refuseInput('credits.remaining must be a number when credits.refill is given.');
  }
  refillDayOf(credits.refill);
}

/** The credits of new keys, which were checked. `remaining: null` means unlimited. */
export async function insertCredits(
  { transaction, nowMs }: Scope,
  keys: readonly { keyId: string; credits?: KeyCredits | undefined }[],
): Promise<void> {
  const rows = keys.flatMap(({ keyId, credits }) => {
    if (!credits || credits.remaining === null) return [];
    const { remaining, refill } = credits;
    const day = refillDayOf(refill);
    const dueMs = refill ? nextRefillAtMs(nowMs, day) : null;
    return { keyId, remaining, amount: refill?.amount ?? null, day, dueMs };
  });
  if (rows.length === 0) return;
  await transaction`
    insert into latchkey.key_credits (key_id, remaining, refill_amount, refill_day, refill_due_ms)
    select "keyId", remaining, amount, day, "dueMs"
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (
      "keyId" text, remaining bigint, amount bigint, day smallint, "dueMs" bigint)`;
}

/** A daily refill has no day; a monthly one must name it. */
function refillDayOf(refill: Refill | undefined): number | null {
  if (!refill || refill.interval === 'daily') return null;
  if (refill.refillDay === undefined) {
    refuseInput('credits.refill.refillDay is required when the interval is monthly.');
  }
  return refill.refillDay;
}

type CreditsRow = {
  keyId: string;
  remaining: number;
  refillAmount: number | null;
  refillDay: number | null;
};

/** The credits of these keys, by key id; an unlimited key is not among them. */
export async function readCredits(
  database: Queryable,
  keyIds: readonly string[],
): Promise<Map<string, KeyCredits>> {
  const rows = await database<CreditsRow[]>`
    select key_id as "keyId", refill_amount as "refillAmount", refill_day as "refillDay",
      greatest(remaining + latchkey.leased_credits(key_id), 0) as remaining
    from latchkey.key_credits where key_id = any(${keyIds as string[]})`;
  return new Map(rows.map((row) => [row.keyId, toCredits(row)]));
}

function toCredits({ remaining, refillAmount: amount, refillDay }: CreditsRow): KeyCredits {
  if (amount === null) return { remaining };
  if (refillDay === null) return { remaining, refill: { interval: 'daily', amount } };
  return { remaining, refill: { interval: 'monthly', amount, refillDay } };
}

/** Three states for each field: absent keeps, null clears, a value sets. */
export async function updateCredits(
  scope: Scope,
  keyId: string,
  credits: CreditsUpdate | null,
): Promise<void> {
  const { transaction } = scope;
  if (credits === null || credits.remaining === null) {
    if (credits?.refill) refuseInput('An unlimited key cannot have credits.refill.');
    await clearCredits(transaction, keyId);
    return;
  }
  if (credits.remaining !== undefined) await setRemaining(transaction, keyId, credits.remaining);
  if (credits.refill !== undefined) await setRefill(scope, keyId, credits.refill);
}

async function setRefill(
  { transaction, nowMs }: Scope,
  keyId: string,
  refill: Refill | null,
): Promise<void> {
  if (refill?.interval === 'daily' && refill.refillDay !== undefined) {
    refuseInput('credits.refill.refillDay must be absent when the interval is daily.');
  }
  const day = refillDayOf(refill ?? undefined);
  const dueMs = refill ? nextRefillAtMs(nowMs, day) : null;
  // Another amount on the same days: a refill that is due is still to be made.
  const updated = await transaction`
    update latchkey.key_credits
    set refill_amount = ${refill?.amount ?? null}, refill_day = ${day},
      refill_due_ms = case
        when ${dueMs}::bigint is null or refill_amount is null
          or refill_day is distinct from ${day}::smallint then ${dueMs}::bigint
        else least(refill_due_ms, ${dueMs}::bigint) end
    where key_id = ${keyId}`;
  if (updated.count === 0 && refill) {
    refuseInput('credits.remaining must be a number when credits.refill is given.');
  }
}

/**
 * The key has this many from now on, whatever nodes have leased of it: those leases end with the
 * commit (see revokeLeases). Its refill stays.
 */
export async function setRemaining(
  transaction: Transaction,
  keyId: string,
  remaining: number,
): Promise<void> {
  await transaction`
    insert into latchkey.key_credits (key_id, remaining) values (${keyId}, ${remaining})
    on conflict (key_id) do update set remaining = excluded.remaining`;
  await revokeLeases(transaction, keyId);
}

/** The key is unlimited from now on; leases go with the row. */
export async function clearCredits(transaction: Transaction, keyId: string): Promise<void> {
  await transaction`delete from latchkey.key_credits where key_id = ${keyId}`;
  await announceChange(transaction);
}

/**
 * Adds to what remains, or takes from it but never more than there is. False if unlimited. Leases
 * go on. Where Postgres has less than is taken, what nodes give back pays the rest.
 */
export async function addToRemaining(
  transaction: Transaction,
  keyId: string,
  difference: number,
): Promise<boolean> {
  // Locked by a statement of its own: the next one then sees every lease that was made before.
  const [row] = await transaction`
    select from latchkey.key_credits where key_id = ${keyId} for no key update`;
  if (!row) return false;
  await transaction`
    update latchkey.key_credits
    set remaining = least(
      greatest(remaining + ${difference}::bigint, -latchkey.leased_credits(key_id)),
      ${creditsMax}::bigint)
    where key_id = ${keyId}`;
  await announceChange(transaction);
  return true;
}

/** Past this, a JSON number is no longer exact. */
const creditsMax = Number.MAX_SAFE_INTEGER;

/** Gives a new key what another has: what remains, and its refill. */
export async function copyCredits(
  transaction: Transaction,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await transaction`
    insert into latchkey.key_credits (key_id, remaining, refill_amount, refill_day, refill_due_ms,
      refilled_at_ms)
    select ${to}, greatest(remaining + latchkey.leased_credits(key_id), 0), refill_amount,
      refill_day, refill_due_ms, refilled_at_ms
    from latchkey.key_credits where key_id = ${from}`;
}
