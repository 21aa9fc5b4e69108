/**
 * What each worker counts, as slots of its counter page. The position of a name is its place in the
 * file: append, never reorder.
 */
import { type Outcome, outcomes } from './outcome.ts';

/** Upper bounds of the verification latency, in microseconds; the last bucket has none. */
export const latencyBucketsUs = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 250, 500, 1000, 2500, 5000, 10_000, 50_000,
] as const;

/** Of answers: below 400, below 500, and the others. */
export const statusClasses = ['2xx', '4xx', '5xx'] as const;

export const workerCounterNames = [
  ...outcomes.map((outcome) => `outcome_${outcome}` as const),
  ...statusClasses.map((name) => `status_${name}` as const),
  'latency_sum_us',
  'latency_over',
  ...latencyBucketsUs.map((_, index) => `latency_${index}` as const),
  'ratelimit_passed',
  'ratelimit_refused',
  'engine_decided',
] as const;

export type WorkerCounterName =
  | `outcome_${Outcome}`
  | `status_${(typeof statusClasses)[number]}`
  | 'latency_sum_us'
  | 'latency_over'
  | `latency_${number}`
  | 'ratelimit_passed'
  | 'ratelimit_refused'
  | 'engine_decided';

/** The slot of the bucket that a latency falls into. */
export function latencyCounterName(latencyUs: number): WorkerCounterName {
  const index = latencyBucketsUs.findIndex((bound) => latencyUs <= bound);
  return index < 0 ? 'latency_over' : `latency_${index}`;
}
