/**
 * How many credits a node should hold of a key. A key that asks now and then gets none: its calls
 * are paid one by one in Postgres, and nothing is stranded here. One that asks again and again gets
 * a lease, twice as large each time that it did not last for half a second, and half as large when
 * it lasted for longer than a second: so a lease is about what the key spends in a second, and that
 * is what a node that dies can take with it.
 */
export type Demand = {
  /** What the lease was last meant to hold; 0 without a lease. */
  size: number;
  /** How long it lasted, or will; without a lease: since the key asked before. In ms. */
  lastedMs: number;
  /** What the calls that wait cost together. */
  asked: number;
};

const hotMs = 250;
const shortMs = 500;
const longMs = 1000;
const sizeMax = 2 ** 40;

export function nextLeaseSize({ size, lastedMs, asked }: Demand): number {
  if (size === 0) return lastedMs <= hotMs ? Math.min(asked * 2, sizeMax) : 0;
  if (lastedMs < shortMs) return Math.min(Math.max(size, asked) * 2, sizeMax);
  return lastedMs <= longMs ? size : Math.floor(size / 2);
}
