import { randomBytes } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { reserveFile } from '../lib/mapped-file.ts';
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

/**
 * Makes and seals the files of one writer, and keeps one or two in reserve. What the file system
 * may take its time for is done by another thread: to reserve the room of 4 MiB, or to give back
 * what is left of it, takes half a millisecond, and up to five where the disk has to be asked.
 */
export type SegmentSource = {
  /** Has the reserve made where it is not. Does nothing while there is no room. */
  prepare(): void;
  /** The next of the reserve, or a new one made on the spot, or why there is none. */
  take(): OwnSegment | DropReason;
  /**
   * Gives back what was reserved and not used, and hands the file over by its name. False when the
   * file system refuses, as it may for lack of room for a name: to be tried again.
   */
  seal(own: OwnSegment): Promise<boolean>;
  /** Removes the reserve; resolves when nothing is mapped any more. */
  close(): Promise<void>;
};

const preparedShare = 1.25;
/**
 * A writer that fills a segment within so long answers large batches: what counts for it is the
 * processor time of each event and not when a single one is answered. And to make a segment takes
 * some turns of its loop, as long as it takes to fill one.
 */
const hastyMs = 250;
const hastyReserveCount = 2;
/**
 * A page takes the kernel 5 to 25 µs, and a worker that wants the processor meanwhile waits for the
 * whole piece. The smaller ones cost more turns of its loop.
 */
const preparedBytesAtOnce = { hasty: 128 * 1024, patient: 16 * 1024 };
/** So often a writer without room looks whether there is some. */
const retryMs = 100;

export function createSegmentSource(options: SegmentSourceOptions): SegmentSource {
  const { segments, segmentBytes, clock, counters } = options;
  const maker = createSegmentMaker(options);
  const reserve: OwnSegment[] = [];
  const preparations = new Set<Promise<void>>();
  const unmapping = new Set<Promise<void>>();
  let isClosed = false;
  /** Of the segment that was sealed last: so much will be needed of the next. */
  let usedBytes = 0;
  let isHasty = false;

  async function prepareNext(): Promise<void> {
    const unready = maker.nextUnready();
    const wantedBytes = Math.ceil(usedBytes * preparedShare);
    const sizes = { sizeBytes: segmentBytes, writtenBytes: isHasty ? wantedBytes : 0 };
    // What is wrong with it comes up again when it is made, and is told there.
    await reserveFile(unready, sizes).catch(() => {});
    const made = isClosed ? 'closed' : maker.make(unready);
    if (typeof made === 'string') return removeQuietly(unready);
    reserve.push(made);
    made.segment.file.prepare(wantedBytes, preparedBytesAtOnce[isHasty ? 'hasty' : 'patient']);
  }

  return {
    prepare() {
      const count = isHasty ? hastyReserveCount : 1;
      while (reserve.length + preparations.size < count && !isClosed && !maker.refusal()) {
        const preparation = prepareNext().finally(() => preparations.delete(preparation));
        preparations.add(preparation);
      }
    },
    take: () => reserve.shift() ?? maker.make(),
    seal(own) {
      usedBytes = own.segment.committedBytes;
      isHasty = usedBytes * 2 > segmentBytes && clock() - own.openedAtMs < hastyMs;
      const ending = own.segment.seal().finally(() => unmapping.delete(ending));
      unmapping.add(ending);
      return handOver(own, options);
    },
    async close() {
      isClosed = true;
      await Promise.all(preparations);
      for (const { name, segment } of reserve.splice(0)) {
        removeQuietly(join(segments, name));
        counters.addSpoolBytes(-segmentBytes);
        unmapping.add(segment.seal());
      }
      await Promise.all(unmapping);
    },
  };
}

/** Names segments in the order in which they are used, and remembers why one could not be made. */
function createSegmentMaker(options: SegmentSourceOptions) {
  const { segments, owner, segmentBytes, spoolBytesMax, clock, counters } = options;
  const run = randomBytes(4).toString('hex');
  let number = 0;
  let refused: { reason: DropReason; untilMs: number } | undefined;

  function nextName(): string {
    number += 1;
    return openName(owner, run, number - 1);
  }

  const nextUnready = () => join(segments, newName(nextName()));

  /** Why there can be no segment now; looked at again from time to time. */
  function refusal(): DropReason | undefined {
    if (refused && clock() < refused.untilMs) return refused.reason;
    return counters.spoolBytes() + segmentBytes > spoolBytesMax ? refuse('spool_full') : undefined;
  }

  function refuse(reason: DropReason): DropReason {
    refused = { reason, untilMs: clock() + retryMs };
    return reason;
  }

  function tryMake(unready: string, triesLeft = 3): OwnSegment | DropReason {
    let segment: OpenSegment | undefined;
    try {
      segment = createSegment(unready, segmentBytes);
      const name = nextName();
      renameSync(unready, join(segments, name));
      counters.addSpoolBytes(segmentBytes);
      return { segment, name, openedAtMs: 0 };
    } catch (error) {
      void segment?.seal();
      removeQuietly(unready);
      // A primary that is just starting took the unready file for a dead worker's.
      const wasTaken = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (wasTaken && triesLeft > 1) return tryMake(nextUnready(), triesLeft - 1);
      return refuse(dropReasonOf(error));
    }
  }

  return {
    refusal,
    nextUnready,
    /** Of a file that may have its room already. */
    make: (unready = nextUnready()): OwnSegment | DropReason => refusal() ?? tryMake(unready),
  };
}

async function handOver(own: OwnSegment, options: SegmentSourceOptions): Promise<boolean> {
  const { segment, name, openedAtMs } = own;
  const { frameCount, committedBytes } = segment;
  const path = join(options.segments, name);
  const sealed = sealedName(name, { openedAtMs, frameCount, fileBytes: committedBytes });
  try {
    await truncate(path, committedBytes);
    await rename(path, join(options.segments, sealed));
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
