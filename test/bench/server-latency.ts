/** The product's own histogram of how long a verification takes inside of it. */
import { latencyBucketsUs } from '../../src/domain/metrics.ts';
import { readMetrics } from '../support/metrics.ts';

/** How many verifications were at most so long, for each bound; the last one has none. */
export type LatencyBuckets = readonly number[];

const metric = 'latchkey_verification_latency_microseconds';
const bounds = [...latencyBucketsUs, Number.POSITIVE_INFINITY];

export async function readLatencyBuckets(adminUrl: string): Promise<LatencyBuckets> {
  const metrics = await readMetrics(adminUrl);
  const label = (bound: number) => (Number.isFinite(bound) ? String(bound) : '+Inf');
  return bounds.map((bound) => metrics.sample(`${metric}_bucket{le="${label(bound)}"}`));
}

/** Between two readings, in µs; within a bucket as if its values were spread evenly. */
export function latencyBetween(
  before: LatencyBuckets,
  after: LatencyBuckets,
  share: number,
): number {
  const counts = after.map((count, index) => count - (before[index] ?? 0));
  const wanted = (counts.at(-1) ?? 0) * share;
  const index = counts.findIndex((count) => count >= wanted);
  const lower = bounds[index - 1] ?? 0;
  const upper = bounds[index] ?? lower;
  const below = counts[index - 1] ?? 0;
  const inside = (counts[index] ?? 0) - below;
  if (!Number.isFinite(upper) || inside === 0) return lower;
  return lower + ((wanted - below) / inside) * (upper - lower);
}
