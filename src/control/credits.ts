import type { KeyCredits } from '../contract/shared.ts';
import type { Scope } from './links.ts';
import { refuse } from './operation.ts';

type Refill = NonNullable<KeyCredits['refill']>;

/** The credits of a new key. `remaining: null` means unlimited, which is no row at all. */
export async function insertCredits(
  { transaction }: Scope,
  keyId: string,
  credits: KeyCredits | undefined,
): Promise<void> {
  if (!credits) return;
  const { remaining, refill } = credits;
  if (remaining === null) {
    if (refill) refuseInput('credits.remaining must be a number when credits.refill is given.');
    return;
  }
  await transaction`
    insert into latchkey.key_credits (key_id, remaining, refill_amount, refill_day)
    values (${keyId}, ${remaining}, ${refill?.amount ?? null}, ${refillDayOf(refill)})`;
}

/** A daily refill has no day; a monthly one must name it. */
export function refillDayOf(refill: Refill | undefined): number | null {
  if (!refill || refill.interval === 'daily') return null;
  if (refill.refillDay === undefined) {
    refuseInput('credits.refill.refillDay is required when the interval is monthly.');
  }
  return refill.refillDay;
}

export function refuseInput(detail: string): never {
  refuse('unkey/application/invalid_input', detail);
}
