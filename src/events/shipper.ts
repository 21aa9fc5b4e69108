/**
 * The primary's end of the spool: finds sealed segments, makes batches of them and sees each
 * through. A few lanes work side by side, each on one batch, so that a batch which ClickHouse keeps
 * failing on holds up one lane and not the spool.
 *
 * At any quiet moment, whoever was killed when: `acceptedRows = insertedRows + quarantinedRows +
 * spooledRows + sum of droppedRows`.
 */
import { createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import type { BatchLimits } from './batch.ts';
import type { BatchPool } from './batch-pool.ts';
import { type BatchQueue, createBatchQueue } from './batch-queue.ts';
import type { BatchWork } from './batch-task.ts';
import type { Ledger } from './ledger.ts';
import { recoverSpool } from './recover-spool.ts';
import { type BatchShipping, shipBatch } from './ship-batch.ts';
import { type ShipperTotals, sumTotals } from './shipper-totals.ts';
import type { SpoolCounters } from './spool-counters.ts';
import { adoptSegments, listSegments, type SpoolFolder } from './spool-folder.ts';
import { createWakeUp } from './wake-up.ts';

export type Shipper = {
  /**
   * Puts the spool in order after whatever happened, and begins when ClickHouse is ready. Every
   * open segment is sealed as a dead worker's.
   */
  start(): Promise<void>;
  /** Seals what a worker that has ended left open. */
  adopt(owner: string): void;
  /** A segment was sealed; without it the next look finds it. */
  notify(): void;
  /** Ships what is sealed by now, whatever its age. False when the time was not enough. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Ends after the inserts under way, or after `graceMs` without them: they are repeated later. */
  stop(graceMs: number): Promise<void>;
  totals(): ShipperTotals;
};

export type ShipperOptions = {
  folder: SpoolFolder;
  ledger: Ledger;
  counters: SpoolCounters;
  pool: BatchPool;
  logger: Logger;
  clock: () => number;
  limits: BatchLimits;
  /** So often the folder is looked at without having been told. */
  scanMs: number;
  /**
   * Batches under way at a time. One more than the pool has threads is good: a batch that waits for
   * its next try then leaves its thread to another.
   */
  laneCount: number;
  clickhouse: BatchWork['clickhouse'];
  /** Nothing is sent before this. */
  ready: Promise<void>;
  node: BatchWork['node'];
};

const firstRetryMs = 100;
const retryLimitMs = 10_000;
const drainLookMs = 20;

export function createShipper(options: ShipperOptions): Shipper {
  const { folder, ledger, counters, clock } = options;
  const queue = createBatchQueue(options);
  const bell = createWakeUp();
  // Not the bell: a worker that seals a segment must not cut a back-off short.
  const pause = createWakeUp();
  const abort = new AbortController();
  const stopping = Promise.withResolvers<void>();
  let lanes: Promise<void>[] = [];
  let isStopping = false;
  let isDraining = false;
  let lastFault: ShipperTotals['lastFault'];

  const shipping: BatchShipping = {
    ...options,
    signal: abort.signal,
    pause,
    waiting: new Set(),
    waitingMax: Math.floor(options.laneCount / 2),
    isStopping: () => isStopping,
    onFault(fault) {
      lastFault = { ...fault, atMs: clock() };
    },
  };
  const workOnce = () => shipNext(shipping, queue, isDraining);
  const rest = () => bell.wait(options.scanMs);

  function wakeAll(): void {
    bell.wake();
    pause.wake();
  }

  return {
    async start() {
      await recoverSpool(options);
      const begin = Promise.race([options.ready, stopping.promise]);
      lanes = Array.from({ length: options.laneCount }, async () => {
        await begin;
        await runLane(shipping, workOnce, rest);
      });
    },
    adopt(owner) {
      adoptSegments(folder, owner);
      bell.wake();
    },
    notify: () => bell.wake(),
    async drain(timeoutMs) {
      const endMs = performance.now() + timeoutMs;
      const wanted = new Set(queue.waiting());
      const isDone = () => !queue.waiting().some((name) => wanted.has(name));
      isDraining = true;
      wakeAll();
      while (!isDone() && !isStopping && performance.now() < endMs) await bell.wait(drainLookMs);
      isDraining = false;
      return isDone();
    },
    async stop(graceMs) {
      isStopping = true;
      stopping.resolve();
      wakeAll();
      const timer = setTimeout(() => abort.abort(), graceMs);
      await Promise.all(lanes);
      clearTimeout(timer);
    },
    totals: () => sumTotals({ ledger, counters, listing: listSegments(folder), clock, lastFault }),
  };
}

/** False when no batch was due. */
async function shipNext(
  shipping: BatchShipping,
  queue: BatchQueue,
  isDraining: boolean,
): Promise<boolean> {
  const batch = queue.take(isDraining);
  if (!batch) return false;
  try {
    await shipBatch(shipping, batch);
  } finally {
    queue.giveBack(batch);
  }
  return true;
}

async function runLane(
  shipping: BatchShipping,
  workOnce: () => Promise<boolean>,
  rest: () => Promise<void>,
): Promise<void> {
  const { logger, pause, isStopping, onFault } = shipping;
  const backoff = createBackoff(firstRetryMs, retryLimitMs);
  while (!isStopping()) {
    try {
      const didWork = await workOnce();
      backoff.reset();
      if (!didWork && !isStopping()) await rest();
    } catch (error) {
      onFault({ class: 'disk', message: (error as Error).message });
      logger.error({ err: error }, 'the spool cannot be read');
      if (!isStopping()) await pause.wait(backoff.nextMs());
    }
  }
}
