/**
 * A worker's end of the spool. `append` is synchronous and, but for once in a segment, makes no
 * system call: the next segment is made ready while the current one fills, and a full one sealed,
 * both with the help of another thread.
 *
 * When there is no room, for the limit or for the disk, the newest event is the one that is
 * dropped, and counted. The oldest may be on its way to ClickHouse and must not change between two
 * tries, and dropping it would need the workers to agree; refusing the newest needs nobody.
 * Verification goes on either way.
 */
import { assert } from '../lib/assert.ts';
import { packFields } from './event-codec.ts';
import type { EventKind } from './event-kind.ts';
import { type PackedBytes, payloadBytesMax } from './segment.ts';
import { isOwner } from './segment-name.ts';
import { createSegmentSource, type OwnSegment, type SegmentSource } from './segment-source.ts';
import type { DropReason, SpoolCounters } from './spool-counters.ts';
import { openSpoolFolder } from './spool-folder.ts';

export type SpoolWriter = {
  /** False when the event was dropped; that is counted. */
  append<Event>(kind: EventKind<Event>, event: Event): boolean;
  /** For a caller who can send it again: undefined, or why it was not taken; nothing is counted. */
  offer<Event>(kind: EventKind<Event>, event: Event): DropReason | undefined;
  /** An event of this kind that is packed already. False when it was dropped; that is counted. */
  appendPacked(kind: { wireNumber: number }, packed: PackedBytes): boolean;
  /** Seals what was appended up to now, so that it is shipped without waiting for its age. */
  seal(): Promise<void>;
  /** Seals and gives back the segments in reserve. Later events are dropped as `closed`. */
  close(): Promise<void>;
  /** Events spooled by this writer, but for those that were put into its segment by others. */
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
  /** Over the whole folder. It may be passed by three segments of each writer. */
  spoolBytesMax: number;
  clock: () => number;
  counters: SpoolCounters;
  /**
   * Told of the segment that events go to from now on, and before it ends: undefined. Whoever knows
   * its words may append to it too, in this thread.
   */
  onSegment?: ((words: Uint32Array | undefined) => void) | undefined;
  /** After a segment was sealed, so that the primary need not wait for its next look. */
  onSealed?: () => void;
};

const segmentBytesMax = 2 ** 30;

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { folder, owner, segmentBytes, counters } = options;
  assert(isOwner(owner), `the owner of a spool writer must be a plain name: ${owner}`);
  assert(segmentBytes % 4096 === 0 && segmentBytes <= segmentBytesMax, 'size of a segment');
  const source = createSegmentSource({ ...options, segments: openSpoolFolder(folder).segments });
  const line = createSegmentLine(source, options);
  let appendedCount = 0;
  let isClosed = false;

  function appendToNext(kind: number, packed: PackedBytes): DropReason | undefined {
    if (isClosed) return 'closed';
    if (packed.byteLength > payloadBytesMax(segmentBytes)) return 'too_large';
    for (;;) {
      const refusal = line.next();
      if (refusal) return refusal;
      // False only if the segment was adopted since it was made.
      if (!line.current?.segment.append(kind, packed)) continue;
      appendedCount += 1;
      return undefined;
    }
  }

  function offer<Event>(kind: EventKind<Event>, event: Event): DropReason | undefined {
    return offerPacked(kind, packFields(kind.fields(event)));
  }

  function offerPacked({ wireNumber }: { wireNumber: number }, packed: PackedBytes) {
    if (!line.current?.segment.append(wireNumber, packed)) return appendToNext(wireNumber, packed);
    appendedCount += 1;
    return undefined;
  }

  function isSpooled(refusal: DropReason | undefined): boolean {
    if (refusal === undefined) return true;
    counters.drop(refusal);
    return false;
  }

  source.prepare();
  return {
    append: (kind, event) => isSpooled(offer(kind, event)),
    offer,
    appendPacked: (kind, packed) => isSpooled(offerPacked(kind, packed)),
    seal: () => line.end(),
    async close() {
      isClosed = true;
      await line.end();
      await source.close();
    },
    get appendedCount() {
      return appendedCount;
    },
  };
}

/**
 * The segments of one writer, one after the other; sealing and preparing happen between requests.
 */
function createSegmentLine(source: SegmentSource, options: SpoolWriterOptions) {
  const retired: OwnSegment[] = [];
  let current: OwnSegment | undefined;
  let ageTimer: NodeJS.Timeout | undefined;
  let chores: NodeJS.Immediate | undefined;
  let sealing: Promise<void> = Promise.resolve();

  function retire(): void {
    clearTimeout(ageTimer);
    if (current) retired.push(current);
    current = undefined;
    options.onSegment?.(undefined);
  }

  async function sealRetired(): Promise<void> {
    const waiting = retired.splice(0);
    const sealed = await Promise.all(waiting.map((own) => source.seal(own)));
    retired.unshift(...waiting.filter((_own, index) => !sealed[index]));
    if (sealed.includes(true)) options.onSealed?.();
  }

  /** All that wait, but never one of them twice at a time. */
  function sealNext(): Promise<void> {
    sealing = sealing.then(sealRetired);
    return sealing;
  }

  function runChores(): void {
    chores = undefined;
    void sealNext();
    source.prepare();
  }

  function end(): Promise<void> {
    retire();
    clearImmediate(chores);
    chores = undefined;
    return sealNext();
  }

  return {
    /** Undefined before the first event, and after a segment has come to its age. */
    get current() {
      return current;
    },
    /** Goes to the next segment, or tells why there is none. */
    next(): DropReason | undefined {
      retire();
      const next = source.take();
      chores ??= setImmediate(runChores);
      if (typeof next === 'string') return next;
      next.openedAtMs = options.clock();
      next.segment.markOpened(next.openedAtMs);
      ageTimer = setTimeout(end, options.segmentAgeMs).unref();
      current = next;
      options.onSegment?.(next.segment.words);
      return undefined;
    },
    end,
  };
}
