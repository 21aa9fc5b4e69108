import type { Ledger } from './ledger.ts';
import type { ShipFault } from './ship-batch.ts';
import type { DropReason, SpoolCounters } from './spool-counters.ts';
import { listingBytes, type SegmentListing } from './spool-folder.ts';

export type ShipperTotals = {
  /** All events that were offered to the spool, by the count of those who wrote them. */
  acceptedRows: number;
  insertedRows: number;
  quarantinedRows: number;
  quarantinedSegments: number;
  /**
   * `segment_lost`: somebody else removed a segment before its rows were inserted;
   * `quarantine_full`: ClickHouse refused them and there was no room to keep them.
   */
  droppedRows: Record<DropReason | 'segment_lost' | 'quarantine_full', number>;
  spooledRows: number;
  spooledBytes: number;
  insertCount: number;
  lastFault: (ShipFault & { atMs: number }) | undefined;
  /** Of the oldest segment that is sealed and not yet in ClickHouse; 0 without one. */
  oldestSegmentAgeMs: number;
};

export type TotalsSources = {
  ledger: Ledger;
  counters: SpoolCounters;
  listing: SegmentListing;
  clock: () => number;
  lastFault: ShipperTotals['lastFault'];
};

export function sumTotals(sources: TotalsSources): ShipperTotals {
  const { ledger, counters, listing, clock, lastFault } = sources;
  const { state } = ledger;
  const counted = new Set(state.settled.flatMap((entry) => [...entry.remove, ...entry.quarantine]));
  const sealed = listing.sealed.filter((segment) => !counted.has(segment.name));
  const spooledRows = rowsOf(sealed) + rowsOf(listing.open);
  const droppedRows = {
    ...counters.dropped(),
    segment_lost: state.lostRows,
    quarantine_full: state.overflowRows,
  };
  const refusedRows = Object.values(counters.dropped()).reduce((sum, count) => sum + count, 0);
  const [oldest] = sealed;
  return {
    acceptedRows: state.takenRows + spooledRows + refusedRows,
    insertedRows: state.insertedRows,
    quarantinedRows: state.quarantinedRows,
    quarantinedSegments: state.quarantinedSegments,
    droppedRows,
    spooledRows,
    spooledBytes: listingBytes(listing),
    insertCount: state.insertCount,
    lastFault,
    oldestSegmentAgeMs: oldest ? Math.max(0, clock() - oldest.openedAtMs) : 0,
  };
}

function rowsOf(segments: readonly { frameCount: number }[]): number {
  return segments.reduce((sum, segment) => sum + segment.frameCount, 0);
}
