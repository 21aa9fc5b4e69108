/** The batches of one spool: those left from before, then new ones out of the sealed segments. */
import { type Batch, type BatchLimits, composeBatch } from './batch.ts';
import type { Ledger } from './ledger.ts';
import type { SealedName } from './segment-name.ts';
import type { SpoolCounters } from './spool-counters.ts';
import { listingBytes, listSegments, type SpoolFolder } from './spool-folder.ts';

export type BatchQueue = {
  /** For one lane, until it gives the batch back; undefined when none is due. */
  take(isDraining: boolean): Batch | undefined;
  giveBack(batch: Batch): void;
  /** Names of what was sealed and is neither in ClickHouse nor in quarantine yet. */
  waiting(): string[];
};

export type BatchQueueOptions = {
  folder: SpoolFolder;
  ledger: Ledger;
  counters: SpoolCounters;
  limits: BatchLimits;
  clock: () => number;
};

export function createBatchQueue(options: BatchQueueOptions): BatchQueue {
  const { folder, ledger, counters, limits, clock } = options;
  const inLane = new Set<Batch>();

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

  function compose(isDraining: boolean): Batch | undefined {
    const batch = composeBatch(freeSegments(), limits, clock(), isDraining);
    if (batch) ledger.state.batches.push(batch);
    return batch;
  }

  return {
    take(isDraining) {
      const waiting = ledger.state.batches.find((batch) => !inLane.has(batch));
      const batch = waiting ?? compose(isDraining);
      if (batch) inLane.add(batch);
      return batch;
    },
    giveBack: (batch) => inLane.delete(batch),
    waiting: () => listSegments(folder).sealed.map((segment) => segment.name),
  };
}
