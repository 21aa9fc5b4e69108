/** What rate limits say in headers, in whole seconds. */
import type { CheckedLimit } from '../verify/verdict.ts';

/** What a request says of a limit that it names. */
type NamedCost = { name: string; cost?: number };

/** The exceeded limit that ends last, else the one with the least left; undefined without any. */
export function headlineLimit(limits: readonly CheckedLimit[]): CheckedLimit | undefined {
  let headline: CheckedLimit | undefined;
  for (const limit of limits) {
    if (headline === undefined || isNearer(limit, headline)) headline = limit;
  }
  return headline;
}

function isNearer(limit: CheckedLimit, than: CheckedLimit): boolean {
  if (limit.isExceeded !== than.isExceeded) return limit.isExceeded;
  if (limit.remaining !== than.remaining) return limit.remaining < than.remaining;
  return limit.resetAtMs > than.resetAtMs;
}

/** Rounded up; 0 once it is reached. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(Math.ceil((atMs - nowMs) / 1000), 0);
}

/**
 * After so many seconds the same request is admitted, if nothing else was counted meanwhile and its
 * cost is not above the limit itself.
 *
 * When the window ends, what it counted, at most the limit, becomes the cell before, which weighs
 * less with every ms: `floor(limit * (1 - elapsed)) + cost <= limit` holds as soon as more than
 * `(cost - 1) / limit` of the next window is over.
 */
export function retryAfterSeconds(
  limits: readonly CheckedLimit[],
  requested: readonly NamedCost[],
  nowMs: number,
): number {
  let waitMs = 0;
  for (const limit of limits) {
    if (!limit.isExceeded) continue;
    const cost = requested.findLast(({ name }) => name === limit.name)?.cost ?? 1;
    const share = limit.limit > 0 ? Math.min((Math.max(cost, 1) - 1) / limit.limit, 1) : 0;
    waitMs = Math.max(waitMs, limit.resetAtMs - nowMs + share * limit.durationMs);
  }
  return Math.floor(Math.max(waitMs, 0) / 1000) + 1;
}
