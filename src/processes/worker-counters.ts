import {
  latencyBucketsUs,
  latencyCounterName,
  type WorkerCounterName,
  workerCounterNames,
} from '../domain/metrics.ts';
import { type Outcome, outcomes } from '../domain/outcome.ts';
import { type CounterPage, openCounterPage } from '../lib/counter-page.ts';

export type WorkerCounters = {
  countVerification(outcome: Outcome, latencyUs: number): void;
  countAnswer(status: number): void;
  close(): void;
};

export function openWorkerCounterPage(path: string): CounterPage<WorkerCounterName> {
  return openCounterPage<WorkerCounterName>(path, workerCounterNames);
}

export function createWorkerCounters(path: string): WorkerCounters {
  const page = openWorkerCounterPage(path);
  const outcomeAt = Object.fromEntries(
    outcomes.map((outcome) => [outcome, page.indexOf(`outcome_${outcome}`)]),
  );
  const bucketAt = latencyBucketsUs.map((bound) => page.indexOf(latencyCounterName(bound)));
  const overAt = page.indexOf('latency_over');
  const sumAt = page.indexOf('latency_sum_us');

  function add(index: number, amount: number): void {
    page.cells[index] = (page.cells[index] as number) + amount;
  }

  function bucketOf(latencyUs: number): number {
    for (let index = 0; index < latencyBucketsUs.length; index += 1) {
      if (latencyUs <= (latencyBucketsUs[index] as number)) return bucketAt[index] as number;
    }
    return overAt;
  }

  return {
    countVerification(outcome, latencyUs) {
      add(outcomeAt[outcome] as number, 1);
      add(bucketOf(latencyUs), 1);
      add(sumAt, latencyUs);
    },
    countAnswer(status) {
      page.add(status < 400 ? 'status_2xx' : status < 500 ? 'status_4xx' : 'status_5xx', 1);
    },
    close: page.close,
  };
}
