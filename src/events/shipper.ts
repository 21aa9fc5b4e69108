/**
 * The primary's end of the spool: finds sealed segments, makes batches of them and sees each through.
 * A few lanes work side by side, each on one batch, so that a batch which ClickHouse keeps failing on
 * holds up one lane and not the spool.
 *
 * At any quiet moment, whoever was killed when:
 * `acceptedRows = insertedRows + quarantinedRows + spooledRows + sum of droppedRows`.
 */
import { createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import { type Batch, type BatchLimits, composeBatch } from './batch.ts';
import type { BatchPool } from './batch-pool.ts';
import type { BatchWork } from './batch-task.ts';
import type { Ledger } from './ledger.ts';
import type { SealedName } from './segment-name.ts';
import { type BatchShipping, removeSettled, type ShipFault, shipBatch } from './ship-batch.ts';
import { type ShipperTotals, sumTotals } from './shipper-totals.ts';
import type { SpoolCounters } from './spool-counters.ts';
import {
  adoptSegments,
  foreignSegments,
  listingBytes,
  listSegments,
  type SpoolFolder,
} from './spool-folder.ts';
import { createWakeUp } from './wake-up.ts';

export type Shipper = {
  /**
   * Puts the spool in order after whatever happened, and begins. Every open segment is sealed as a
   * dead worker's.
   */
  start(): Promise<void>;
  /** Seals what a worker that has ended left open. */
  adopt(owner: string): void;
  /** A segment was sealed; without it the next look finds it. */
  notify(): void;
  /** Ships all that is sealed without waiting for its age. False when the time was not enough. */
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
  /** Batches under way at a time: as many as the pool has threads. */
  laneCount: number;
  clickhouse: BatchWork['clickhouse'];
  node: BatchWork['node'];
};

const firstRetryMs = 100;
const retryLimitMs = 10_000;

export function createShipper(options: ShipperOptions): Shipper {
  const { folder, ledger, counters, logger, clock, limits } = options;
  const bell = createWakeUp();
  // Not the bell: a worker that seals a segment must not cut a back-off short.
  const pause = createWakeUp();
  const abort = new AbortController();
  const inLane = new Set<Batch>();
  let lanes: Promise<void>[] = [];
  let isStopping = false;
  let isDraining = false;
  let lastFault: ShipperTotals['lastFault'];

  function onFault(fault: ShipFault): void {
    lastFault = { ...fault, atMs: clock() };
  }

  const shipping: BatchShipping = {
    ...options,
    signal: abort.signal,
    pause,
    isStopping: () => isStopping,
    onFault,
  };

  /** Sealed segments that are in no batch and not yet counted. */
  function freeSegments(): SealedName[] {
    const { batches, settled } = ledger.state;
    const taken = new Set([
      ...batches.flatMap((batch) => batch.segments),
      ...settled.flatMap((entry) => [...entry.remove, ...entry.quarantine]),
    ]);
    const listing = listSegments(folder);
    counters.setSpoolBytes(listingBytes(listing));
    return listing.sealed.filter((segment) => !taken.has(segment.name));
  }

  /** One left from before, or a new one if it is time. */
  function nextBatch(): Batch | undefined {
    const waiting = ledger.state.batches.find((batch) => !inLane.has(batch));
    if (waiting) return waiting;
    const batch = composeBatch(freeSegments(), limits, clock(), isDraining);
    if (batch) ledger.state.batches.push(batch);
    return batch;
  }

  async function workOnce(): Promise<boolean> {
    const batch = nextBatch();
    if (!batch) return false;
    inLane.add(batch);
    try {
      await shipBatch(shipping, batch);
    } finally {
      inLane.delete(batch);
    }
    return true;
  }

  async function runLane(): Promise<void> {
    const backoff = createBackoff(firstRetryMs, retryLimitMs);
    while (!isStopping) {
      try {
        const didWork = await workOnce();
        backoff.reset();
        if (!didWork && !isStopping) await bell.wait(options.scanMs);
      } catch (error) {
        onFault({ class: 'disk', message: (error as Error).message });
        logger.error({ err: error }, 'the spool cannot be read');
        if (!isStopping) await bell.wait(backoff.nextMs());
      }
    }
  }

  async function recover(): Promise<void> {
    if (ledger.wasUnreadable) logger.error({}, 'the ledger was unreadable: counts begin at zero');
    removeSettled(folder, ledger);
    const adoptedRows = adoptSegments(folder);
    if (adoptedRows > 0) logger.info({ adoptedRows }, 'sealed the segments of workers that died');
    await quarantineForeign(options);
    counters.setSpoolBytes(listingBytes(listSegments(folder)));
  }

  function isEmpty(): boolean {
    return ledger.state.batches.length === 0 && listSegments(folder).sealed.length === 0;
  }

  return {
    async start() {
      await recover();
      lanes = Array.from({ length: options.laneCount }, () => runLane());
    },
    adopt(owner) {
      adoptSegments(folder, owner);
      bell.wake();
    },
    notify: () => bell.wake(),
    async drain(timeoutMs) {
      const endMs = performance.now() + timeoutMs;
      isDraining = true;
      bell.wake();
      pause.wake();
      while (!isEmpty() && performance.now() < endMs) await bell.wait(drainLookMs);
      isDraining = false;
      return isEmpty();
    },
    async stop(graceMs) {
      isStopping = true;
      bell.wake();
      pause.wake();
      const timer = setTimeout(() => abort.abort(), graceMs);
      await Promise.all(lanes);
      clearTimeout(timer);
    },
    totals: () => sumTotals({ ledger, counters, listing: listSegments(folder), clock, lastFault }),
  };
}

const drainLookMs = 20;

/** Files that this version cannot read are counted and kept for one that can. */
async function quarantineForeign({ folder, ledger, logger }: ShipperOptions): Promise<void> {
  const foreign = foreignSegments(folder);
  if (foreign.length === 0) return;
  const { state } = ledger;
  const names = foreign.map((segment) => segment.name);
  const rowCount = foreign.reduce((sum, segment) => sum + segment.frameCount, 0);
  state.takenRows += rowCount;
  state.quarantinedRows += rowCount;
  state.quarantinedSegments += names.length;
  state.settled.push({ id: names.join(), remove: [], quarantine: names });
  logger.error({ segments: names }, 'segments of another format version were put into quarantine');
  await ledger.commit();
  removeSettled(folder, ledger);
}
