import {
  latencyBucketsUs,
  latencyCounterName,
  statusClasses,
  type WorkerCounterName,
  workerCounterNames,
} from '../domain/metrics.ts';
import { type Outcome, outcomes } from '../domain/outcome.ts';
import { type CounterPage, openCounterPage } from '../lib/counter-page.ts';
import type { DoorOptions } from '../native/door.ts';
import type { EngineOptions } from '../native/engine.ts';

export type WorkerCounters = {
  /** `latencyUs` is a whole number. */
  countVerification(outcome: Outcome, latencyUs: number): void;
  /** A decision of `ratelimit.*`. */
  countRatelimit(isPassed: boolean): void;
  countAnswer(status: number): void;
  /** Where `countVerification` counts, for whoever counts by itself. */
  readonly verificationCells: EngineOptions['counters'];
  /** Where `countAnswer` counts answers of status 200. */
  readonly answered: DoorOptions['answered'];
  close(): void;
};

export function openWorkerCounterPage(path: string): CounterPage<WorkerCounterName> {
  return openCounterPage<WorkerCounterName>(path, workerCounterNames);
}

/** While a worker is being replaced, two of them count on the page of their slot. */
export function createWorkerCounters(path: string): WorkerCounters {
  const page = openWorkerCounterPage(path);
  const outcomeAt = Object.fromEntries(
    outcomes.map((outcome) => [outcome, page.indexOf(`outcome_${outcome}`)]),
  );
  const statusAt = statusClasses.map((name) => page.indexOf(`status_${name}`));
  const bucketAt = latencyBucketsUs.map((bound) => page.indexOf(latencyCounterName(bound)));
  const overAt = page.indexOf('latency_over');
  const sumAt = page.indexOf('latency_sum_us');
  const passedAt = page.indexOf('ratelimit_passed');
  const refusedAt = page.indexOf('ratelimit_refused');

  function bucketOf(latencyUs: number): number {
    for (let index = 0; index < latencyBucketsUs.length; index += 1) {
      if (latencyUs <= (latencyBucketsUs[index] as number)) return bucketAt[index] as number;
    }
    return overAt;
  }

  return {
    countVerification(outcome, latencyUs) {
      page.addAt(outcomeAt[outcome] as number, 1n);
      page.addAt(bucketOf(latencyUs), 1n);
      page.addAt(sumAt, BigInt(latencyUs));
    },
    countRatelimit(isPassed) {
      page.addAt(isPassed ? passedAt : refusedAt, 1n);
    },
    countAnswer(status) {
      page.addAt(statusAt[status < 400 ? 0 : status < 500 ? 1 : 2] as number, 1n);
    },
    verificationCells: {
      cells: page.cells,
      outcomeAt: Int32Array.from(outcomes.map((outcome) => outcomeAt[outcome] as number)),
      latencyBoundsUs: Int32Array.from(latencyBucketsUs),
      latencyAt: Int32Array.from([...bucketAt, overAt]),
      latencySumAt: sumAt,
      decidedAt: page.indexOf('engine_decided'),
    },
    answered: { cells: page.cells, at: statusAt[0] as number },
    close: page.close,
  };
}
