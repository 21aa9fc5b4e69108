/**
 * A worker's end of the spool. `append` is synchronous and, but for once in a segment, makes no
 * system call: the next segment is made ready on the event loop while the current one fills, and a
 * full one is sealed there too.
 *
 * When there is no room, for the limit or for the disk, the newest event is the one that is dropped,
 * and counted. The oldest may be on its way to ClickHouse and must not change between two tries, and
 * dropping it would need the workers to agree; refusing the newest needs nobody. Verification goes
 * on either way.
 */
import { randomBytes } from 'node:crypto';
import { renameSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../lib/assert.ts';
import { packFields } from './event-codec.ts';
import type { EventKind } from './event-kind.ts';
import { createSegment, type OpenSegment, type PackedBytes, payloadBytesMax } from './segment.ts';
import { isOwner, openName, sealedName } from './segment-name.ts';
import type { DropReason, SpoolCounters } from './spool-counters.ts';
import { diskBytes, openSpoolFolder } from './spool-folder.ts';

export type SpoolWriter = {
  /** False when the event was dropped; that is counted. */
  append<Event>(kind: EventKind<Event>, event: Event): boolean;
  /** Seals what was appended up to now, so that it is shipped without waiting for its age. */
  seal(): void;
  /** Seals and gives back the segment in reserve. Later events are dropped as `closed`. */
  close(): void;
  /** Events spooled by this writer. */
  readonly appendedCount: number;
};

export type SpoolWriterOptions = {
  /** The spool's own folder, the same for all processes of the node. */
  folder: string;
  /** Unique among the living writers of the folder: `[A-Za-z0-9_-]{1,64}`. */
  owner: string;
  /** A multiple of 4096; a segment is sealed when the next event does not fit. */
  segmentBytes: number;
  /** A segment is sealed so long after its first event. */
  segmentAgeMs: number;
  /** Over the whole folder. It may be passed by two segments of each writer. */
  spoolBytesMax: number;
  clock: () => number;
  counters: SpoolCounters;
  /** After a segment was sealed, so that the primary need not wait for its next look. */
  onSealed?: () => void;
};

/** So often a writer without room looks whether there is some. */
const retryMs = 100;
const segmentBytesMax = 2 ** 30;

type Opened = { segment: OpenSegment; name: string; openedAtMs: number };

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { owner, segmentBytes, segmentAgeMs, clock, counters } = options;
  assert(isOwner(owner), `the owner of a spool writer must be a plain name: ${owner}`);
  assert(segmentBytes % 4096 === 0 && segmentBytes <= segmentBytesMax, 'segment size');
  const source = createSegmentSource(options);
  const retired: Opened[] = [];
  let current: Opened | undefined;
  let ageTimer: NodeJS.Timeout | undefined;
  let chores: NodeJS.Immediate | undefined;
  let appendedCount = 0;
  let isClosed = false;

  function drop(reason: DropReason): false {
    counters.drop(reason);
    return false;
  }

  function retire(): void {
    clearTimeout(ageTimer);
    if (current) retired.push(current);
    current = undefined;
  }

  function runChores(): void {
    clearImmediate(chores);
    chores = undefined;
    const waiting = retired.splice(0);
    for (const opened of waiting) if (!sealSegment(opened, options)) retired.push(opened);
    if (waiting.length > retired.length) options.onSealed?.();
    if (!isClosed) source.prepare();
  }

  function seal(): void {
    retire();
    runChores();
  }

  function appendToNext(kind: number, packed: PackedBytes): boolean {
    if (isClosed) return drop('closed');
    if (packed.byteLength > payloadBytesMax(segmentBytes)) return drop('too_large');
    retire();
    const next = source.take();
    chores ??= setImmediate(runChores);
    if (typeof next === 'string') return drop(next);
    next.openedAtMs = clock();
    next.segment.markOpened(next.openedAtMs);
    current = next;
    ageTimer = setTimeout(seal, segmentAgeMs).unref();
    const fits = next.segment.append(kind, packed);
    assert(fits, 'a fresh segment holds any event below the limit');
    appendedCount += 1;
    return true;
  }

  source.prepare();
  return {
    append(kind, event) {
      const packed = packFields(kind.fields(event));
      if (current?.segment.append(kind.wireNumber, packed)) {
        appendedCount += 1;
        return true;
      }
      return appendToNext(kind.wireNumber, packed);
    },
    seal,
    close() {
      isClosed = true;
      seal();
      source.close();
    },
    get appendedCount() {
      return appendedCount;
    },
  };
}

/** Keeps one segment in reserve, so that a writer hardly ever waits for the file system. */
function createSegmentSource(options: SpoolWriterOptions) {
  const { owner, segmentBytes, spoolBytesMax, clock, counters } = options;
  const folder = openSpoolFolder(options.folder).segments;
  const run = randomBytes(4).toString('hex');
  let number = 0;
  let reserve: Opened | undefined;
  let refusal: { reason: DropReason; untilMs: number } | undefined;

  function make(): Opened | DropReason {
    if (counters.spoolBytes() + segmentBytes > spoolBytesMax) return 'spool_full';
    const name = openName(owner, run, number);
    number += 1;
    const path = join(folder, name);
    try {
      const segment = createSegment(path, segmentBytes);
      counters.addSpoolBytes(segmentBytes);
      return { segment, name, openedAtMs: 0 };
    } catch (error) {
      removeQuietly(path);
      return dropReasonOf(error);
    }
  }

  function tryMake(): Opened | DropReason {
    if (refusal && clock() < refusal.untilMs) return refusal.reason;
    const made = make();
    refusal = typeof made === 'string' ? { reason: made, untilMs: clock() + retryMs } : undefined;
    return made;
  }

  return {
    prepare(): void {
      if (reserve) return;
      const made = tryMake();
      if (typeof made !== 'string') reserve = made;
    },
    take(): Opened | DropReason {
      const taken = reserve ?? tryMake();
      reserve = undefined;
      return taken;
    },
    close(): void {
      if (!reserve) return;
      reserve.segment.seal();
      removeQuietly(join(folder, reserve.name));
      counters.addSpoolBytes(-segmentBytes);
      reserve = undefined;
    },
  };
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

/**
 * Gives back what was reserved and not used, and hands the file over by its name. False when the
 * file system refuses (no file descriptor is left, for one): to be tried again, and what stays open
 * is adopted once this process has ended.
 */
function sealSegment(opened: Opened, options: SpoolWriterOptions): boolean {
  const { segment, name, openedAtMs } = opened;
  const { frameCount, committedBytes } = segment;
  segment.seal();
  const sealed = sealedName(name, { openedAtMs, frameCount, fileBytes: committedBytes });
  try {
    truncateSync(segment.file.path, committedBytes);
    renameSync(segment.file.path, join(options.folder, 'segments', sealed));
  } catch {
    return false;
  }
  options.counters.addSpoolBytes(diskBytes(committedBytes) - options.segmentBytes);
  return true;
}
