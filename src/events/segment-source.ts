import { randomBytes } from 'node:crypto';
import { renameSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createSegment, type OpenSegment } from './segment.ts';
import { newName, openName, sealedName } from './segment-name.ts';
import type { DropReason, SpoolCounters } from './spool-counters.ts';
import { diskBytes } from './spool-folder.ts';

export type SegmentSourceOptions = {
  /** The folder of the segments. */
  segments: string;
  owner: string;
  segmentBytes: number;
  spoolBytesMax: number;
  clock: () => number;
  counters: SpoolCounters;
};

/** A segment of this process; `openedAtMs` is 0 until it has an event. */
export type OwnSegment = { segment: OpenSegment; name: string; openedAtMs: number };

/** Makes and seals the files of one writer, and keeps one in reserve. */
export type SegmentSource = {
  /** Makes the reserve if there is none. Does nothing while there is no room. */
  prepare(): void;
  /** The reserve, or a new one made on the spot, or why there is none. */
  take(): OwnSegment | DropReason;
  /**
   * Gives back what was reserved and not used, and hands the file over by its name. False when the
   * file system refuses, as it may for lack of room for a name: to be tried again.
   */
  seal(own: OwnSegment): boolean;
  /** Removes the reserve. */
  close(): void;
};

const preparedShare = 1.25;
/** So often a writer without room looks whether there is some. */
const retryMs = 100;

export function createSegmentSource(options: SegmentSourceOptions): SegmentSource {
  const { segments, owner, segmentBytes, spoolBytesMax, clock, counters } = options;
  const run = randomBytes(4).toString('hex');
  let number = 0;
  let reserve: OwnSegment | undefined;
  /** Of the segment that was sealed last: so much will be needed of the next. */
  let usedBytes = 0;
  let refusal: { reason: DropReason; untilMs: number } | undefined;

  function make(triesLeft = 3): OwnSegment | DropReason {
    if (counters.spoolBytes() + segmentBytes > spoolBytesMax) return 'spool_full';
    const name = openName(owner, run, number);
    const unready = join(segments, newName(name));
    number += 1;
    let segment: OpenSegment | undefined;
    try {
      segment = createSegment(unready, segmentBytes);
      renameSync(unready, join(segments, name));
      counters.addSpoolBytes(segmentBytes);
      return { segment, name, openedAtMs: 0 };
    } catch (error) {
      segment?.seal();
      removeQuietly(unready);
      // A primary that is just starting took the unready file for a dead worker's.
      const wasTaken = (error as NodeJS.ErrnoException).code === 'ENOENT';
      return wasTaken && triesLeft > 1 ? make(triesLeft - 1) : dropReasonOf(error);
    }
  }

  function tryMake(): OwnSegment | DropReason {
    if (refusal && clock() < refusal.untilMs) return refusal.reason;
    const made = make();
    refusal = typeof made === 'string' ? { reason: made, untilMs: clock() + retryMs } : undefined;
    return made;
  }

  return {
    prepare() {
      if (reserve) return;
      const made = tryMake();
      if (typeof made === 'string') return;
      reserve = made;
      made.segment.file.prepare(usedBytes * preparedShare);
    },
    take() {
      const taken = reserve ?? tryMake();
      reserve = undefined;
      return taken;
    },
    seal(own) {
      usedBytes = own.segment.committedBytes;
      return sealSegment(own, options);
    },
    close() {
      if (!reserve) return;
      reserve.segment.seal();
      removeQuietly(join(segments, reserve.name));
      counters.addSpoolBytes(-segmentBytes);
      reserve = undefined;
    },
  };
}

function sealSegment(own: OwnSegment, options: SegmentSourceOptions): boolean {
  const { segment, name, openedAtMs } = own;
  const { frameCount, committedBytes } = segment;
  const path = join(options.segments, name);
  segment.seal();
  const sealed = sealedName(name, { openedAtMs, frameCount, fileBytes: committedBytes });
  try {
    truncateSync(path, committedBytes);
    renameSync(path, join(options.segments, sealed));
  } catch (error) {
    // Not there: it was adopted, with all that was committed.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  options.counters.addSpoolBytes(diskBytes(committedBytes) - options.segmentBytes);
  return true;
}

function dropReasonOf(error: unknown): DropReason {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'disk_failed';
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not made, or the file system refuses everything: adoption removes it later.
  }
}
