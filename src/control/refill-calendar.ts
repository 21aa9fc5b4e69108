/** When credits are refilled: at 00:00 UTC, each day or on one day of each month. */

/**
 * The first refill after `nowMs`, Unix ms. `day`: 1 to 31, in a month that is shorter its last day;
 * null: every day.
 */
export function nextRefillAtMs(nowMs: number, day: number | null): number {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  if (day === null) return Date.UTC(year, month, now.getUTCDate() + 1);
  const thisMonth = refillOfMonth(year, month, day);
  return thisMonth > nowMs ? thisMonth : refillOfMonth(year, month + 1, day);
}

function refillOfMonth(year: number, month: number, day: number): number {
  // Day 0 of the month after is the last day of this one.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(day, lastDay));
}
