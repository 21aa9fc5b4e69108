/**
 * Brings the file of a table of windows to the wanted size before anybody counts in it: made if
 * there is none, else, if the size differs, made anew beside it with the counters that still count,
 * and switched in by a rename. Two buckets of the new file follow from the tag alone, so counters
 * find their place again whatever the size.
 */
import { SharedWords } from './shared-words.ts';
import { createTableFile, openTableFile, type TableFile } from './table-file.ts';
import {
  firstBucket,
  recordAt,
  seatsAt,
  secondBucket,
  slotsPerBucket,
  tagAt,
  windowTableKind,
} from './window-layout.ts';
import { wordHigh, wordLow, wordValue } from './word.ts';
import { claimSeat, releaseSeat } from './writer-seat.ts';

/**
 * To be called by one process while no other has the table open, before `new WindowTable(path)`.
 * Gives the size that the table has now: the wanted one, rounded up to whole buckets, or the old
 * one if the counters that still count do not all fit into the wanted one; a later start may do it.
 *
 * Throws an Error if the file is of a format that this version does not read.
 */
export function prepareWindowTable(path: string, slotCount: number, nowMs: number): number {
  const bucketCount = Math.max(2, Math.ceil(slotCount / slotsPerBucket));
  const old = openTableFile(path, windowTableKind);
  try {
    if (old?.bucketCount === bucketCount) return bucketCount * slotsPerBucket;
    if (!old) createTableFile(path, { kind: windowTableKind, bucketCount });
    else if (!moveTable(path, old, { bucketCount, nowMs })) return old.bucketCount * slotsPerBucket;
    return bucketCount * slotsPerBucket;
  } finally {
    old?.unmap();
  }
}

type Target = { bucketCount: number; nowMs: number };

function moveTable(path: string, old: TableFile, { bucketCount, nowMs }: Target): boolean {
  const seat = claimSeat(old.words, seatsAt);
  const from = new SharedWords(old.words, seatsAt, seat);
  let fitted = true;
  try {
    createTableFile(path, {
      kind: windowTableKind,
      bucketCount,
      tagKey: old.tagKey,
      fill(table) {
        for (let slot = 0; slot < old.bucketCount * slotsPerBucket && fitted; slot += 1) {
          fitted = copySlot(from, slot, { table, nowMs });
        }
        return fitted;
      },
    });
  } finally {
    releaseSeat(old.words, seatsAt, seat);
  }
  return fitted;
}

/** False: there is no room for it. */
function copySlot(
  from: SharedWords,
  slot: number,
  { table, nowMs }: { table: TableFile; nowMs: number },
): boolean {
  const tag = from.read(tagAt(slot));
  const recordStart = recordAt(slot);
  const ends = from.read(recordStart);
  if (tag === 0n || wordValue(ends) <= nowMs) return true;
  const to = findRoom(tag, table);
  if (to < 0) return false;
  table.words[tagAt(to)] = tag;
  table.words[recordAt(to)] = ends;
  table.words[recordAt(to) + 1] = from.read(recordStart + 1);
  table.words[recordAt(to) + 2] = from.read(recordStart + 2);
  return true;
}

function findRoom(tag: bigint, { words, bucketCount }: TableFile): number {
  const low = wordLow(tag);
  const first = firstFree(words, firstBucket(low, bucketCount));
  const second = firstFree(words, secondBucket(low, wordHigh(tag), bucketCount));
  if (first < 0 || second < 0) return Math.max(first, second);
  // Slots fill from the first: the one at the earlier place is in the emptier bucket.
  return first % slotsPerBucket <= second % slotsPerBucket ? first : second;
}

function firstFree(words: BigInt64Array, bucket: number): number {
  for (let slot = bucket * slotsPerBucket; slot < (bucket + 1) * slotsPerBucket; slot += 1) {
    if (words[tagAt(slot)] === 0n) return slot;
  }
  return -1;
}
