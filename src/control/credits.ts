/**
 * The credits of keys: every statement that touches them. A key without a row is unlimited. The
 * rules of what a request may say differ between creating and updating a key, as the contract has
 * it.
 */
import type { UpdateKeyBody } from '../contract/keys.ts';
import type { KeyCredits } from '../contract/shared.ts';
import type { Queryable, Transaction } from '../lib/database.ts';
import type { Scope } from './change.ts';
import { refuseInput } from './operation.ts';

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
  { transaction }: Scope,
  keys: readonly { keyId: string; credits?: KeyCredits | undefined }[],
): Promise<void> {
  const rows = keys.flatMap(({ keyId, credits }) => {
    if (!credits || credits.remaining === null) return [];
    const { remaining, refill } = credits;
    return { keyId, remaining, amount: refill?.amount ?? null, day: refillDayOf(refill) };
  });
  if (rows.length === 0) return;
  await transaction`
    insert into latchkey.key_credits (key_id, remaining, refill_amount, refill_day)
    select "keyId", remaining, amount, day
    from json_to_recordset(${JSON.stringify(rows)}::text::json)
      as rows ("keyId" text, remaining bigint, amount bigint, day smallint)`;
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
    select key_id as "keyId", remaining, refill_amount as "refillAmount",
      refill_day as "refillDay"
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
  { transaction }: Scope,
  keyId: string,
  credits: CreditsUpdate | null,
): Promise<void> {
  if (credits === null || credits.remaining === null) {
    if (credits?.refill) refuseInput('An unlimited key cannot have credits.refill.');
    await clearCredits(transaction, keyId);
    return;
  }
  if (credits.remaining !== undefined) await setRemaining(transaction, keyId, credits.remaining);
  if (credits.refill !== undefined) await setRefill(transaction, keyId, credits.refill);
}

async function setRefill(
  transaction: Transaction,
  keyId: string,
  refill: Refill | null,
): Promise<void> {
  if (refill?.interval === 'daily' && refill.refillDay !== undefined) {
    refuseInput('credits.refill.refillDay must be absent when the interval is daily.');
  }
  const updated = await transaction`
    update latchkey.key_credits
    set refill_amount = ${refill?.amount ?? null}, refill_day = ${refillDayOf(refill ?? undefined)}
    where key_id = ${keyId}`;
  if (updated.count === 0 && refill) {
    refuseInput('credits.remaining must be a number when credits.refill is given.');
  }
}

/** The key has this many from now on; its refill stays. */
export async function setRemaining(
  transaction: Transaction,
  keyId: string,
  remaining: number,
): Promise<void> {
  await transaction`
    insert into latchkey.key_credits (key_id, remaining) values (${keyId}, ${remaining})
    on conflict (key_id) do update set remaining = excluded.remaining`;
}

/** The key is unlimited from now on. */
export async function clearCredits(transaction: Transaction, keyId: string): Promise<void> {
  await transaction`delete from latchkey.key_credits where key_id = ${keyId}`;
}

/** Adds to what remains, or takes from it but never more than there is. False if unlimited. */
export async function addToRemaining(
  transaction: Transaction,
  keyId: string,
  difference: number,
): Promise<boolean> {
  const added = await transaction`
    update latchkey.key_credits
    set remaining = least(greatest(remaining + ${difference}::bigint, 0), ${creditsMax}::bigint)
    where key_id = ${keyId}`;
  return added.count === 1;
}

/** Past this, a JSON number is no longer exact. */
const creditsMax = Number.MAX_SAFE_INTEGER;

/** Gives a new key what another has: what remains, and its refill. */
export async function copyCredits(
  transaction: Transaction,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await transaction`
    insert into latchkey.key_credits (key_id, remaining, refill_amount, refill_day, refilled_at_ms)
    select ${to}, remaining, refill_amount, refill_day, refilled_at_ms
    from latchkey.key_credits where key_id = ${from}`;
}
