import { randomBytes } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type MappedFile, mapFile } from '../lib/mapped-file.ts';
import { createSegment, type OpenSegment } from './segment.ts';
import { openSegmentFiles, type SegmentFiles } from './segment-files.ts';
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
 * the other thread as long, beside it on one processor, as it takes to fill one.
 */
const hastyMs = 250;
const hastyReserveCount = 2;
/**
 * A page takes the kernel 5 to 25 µs, and a worker that wants the processor meanwhile waits for the
 * whole piece. In smaller ones all of it takes longer, as others have their turn after each.
 */
const readyBytesAtOnce = { hasty: 128 * 1024, patient: 16 * 1024 };
/** So often a writer without room looks whether there is some. */
const retryMs = 100;

export function createSegmentSource(options: SegmentSourceOptions): SegmentSource {
  const { segments, segmentBytes, clock, counters } = options;
  const files = openSegmentFiles();
  const maker = createSegmentMaker(options);
  const reserve: OwnSegment[] = [];
  const underWay = new Set<Promise<unknown>>();
  let preparingCount = 0;
  let isClosed = false;
  /** Of the segment that was sealed last: so much will be needed of the next. */
  let usedBytes = 0;
  let isHasty = false;

  function awaitedByClose<T>(work: Promise<T>): Promise<T> {
    const noted = work.finally(() => underWay.delete(noted));
    underWay.add(noted);
    return noted;
  }

  async function prepareNext(): Promise<void> {
    const unready = maker.nextUnready();
    const wantedBytes = Math.ceil(usedBytes * preparedShare);
    const sizes = {
      sizeBytes: segmentBytes,
      writtenBytes: isHasty ? wantedBytes : 0,
      readyBytes: wantedBytes,
      bytesAtOnce: readyBytesAtOnce[isHasty ? 'hasty' : 'patient'],
    };
    // What is wrong with it comes up again when one is made on the spot, and is told there.
    const file = await files.make(unready, sizes).catch(() => undefined);
    if (!file) return removeQuietly(unready);
    const made = isClosed ? 'closed' : maker.make(file);
    if (typeof made === 'string') {
      file.unmap();
      return removeQuietly(unready);
    }
    reserve.push(made);
  }

  return {
    prepare() {
      const count = isHasty ? hastyReserveCount : 1;
      while (reserve.length + preparingCount < count && !isClosed && !maker.refusal()) {
        preparingCount += 1;
        void awaitedByClose(prepareNext().finally(() => (preparingCount -= 1)));
      }
    },
    take: () => reserve.shift() ?? maker.make(),
    seal(own) {
      usedBytes = own.segment.committedBytes;
      isHasty = usedBytes * 2 > segmentBytes && clock() - own.openedAtMs < hastyMs;
      own.segment.seal();
      return awaitedByClose(handOver(own, files, options));
    },
    async close() {
      isClosed = true;
      while (underWay.size > 0) await Promise.all(underWay);
      for (const { name, segment } of reserve.splice(0)) {
        removeQuietly(join(segments, name));
        counters.addSpoolBytes(-segmentBytes);
        segment.file.unmap();
      }
      files.close();
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

  /** Of a file that was made already, or one that is made on the spot. */
  function tryMake(made: MappedFile | undefined, triesLeft = 3): OwnSegment | DropReason {
    const unready = made?.path ?? nextUnready();
    let file = made;
    try {
      file ??= mapFile(unready, segmentBytes);
      const segment = createSegment(file);
      const name = nextName();
      renameSync(unready, join(segments, name));
      counters.addSpoolBytes(segmentBytes);
      return { segment, name, openedAtMs: 0 };
    } catch (error) {
      file?.unmap();
      removeQuietly(unready);
      // A primary that is just starting took the unready file for a dead worker's.
      const wasTaken = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (wasTaken && triesLeft > 1) return tryMake(undefined, triesLeft - 1);
      return refuse(dropReasonOf(error));
    }
  }

  return {
    refusal,
    nextUnready,
    make: (file?: MappedFile): OwnSegment | DropReason => refusal() ?? tryMake(file),
  };
}

async function handOver(
  own: OwnSegment,
  files: SegmentFiles,
  options: SegmentSourceOptions,
): Promise<boolean> {
  const { segment, name, openedAtMs } = own;
  const { frameCount, committedBytes: keptBytes } = segment;
  const sealed = sealedName(name, { openedAtMs, frameCount, fileBytes: keptBytes });
  const path = join(options.segments, name);
  const newPath = join(options.segments, sealed);
  try {
    await files.end(segment.file, { path, keptBytes, newPath });
  } catch (error) {
    // Not there: it was adopted, with all that was committed.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  options.counters.addSpoolBytes(diskBytes(keptBytes) - options.segmentBytes);
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
