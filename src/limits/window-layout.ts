/**
 * Where things stand in a table of windows, in words of 64 bits: header, seats of the writers, then
 * buckets of 256 bytes: a gate, the tags of seven slots (with the gate, one cache line), and for
 * each slot a record of three words:
 *
 * - ends: the instant, in Unix ms, at which neither of its two windows counts any more. Label: ten
 *   more bits of the tag.
 * - previous: what was counted in the window before the current.
 * - current: what was counted in the current window. Label: the last ten bits of its number, so
 *   that nobody can add to a window that has passed.
 *
 * A counter may stand in one of two buckets, both told by its tag, and gets its slot in the
 * emptier. With 260,000 slots, the first bucket is full when 70 % of them are taken; with one
 * bucket to choose from it was at 14 %, with three at 81 %, but there every lookup reads one more
 * cache line.
 */
import { seatCount, seatWords } from './shared-words.ts';
import { headerWords, type TableKind } from './table-file.ts';

export const slotsPerBucket = 7;
const bucketWords = 32;

export const seatsAt = headerWords;
const bucketsAt = seatsAt + seatCount * seatWords;

export const windowTableKind: TableKind = {
  name: 'windows',
  number: 1,
  wordCount: (bucketCount) => bucketsAt + bucketCount * bucketWords,
};

/** The word that everybody holds who gives a slot to a counter of this bucket. */
export function gateAt(bucket: number): number {
  return bucketsAt + bucket * bucketWords;
}

export function tagAt(slot: number): number {
  return gateAt(Math.floor(slot / slotsPerBucket)) + 1 + (slot % slotsPerBucket);
}

/** `ends`; `previous` and `current` follow. */
export function recordAt(slot: number): number {
  const place = slot % slotsPerBucket;
  return gateAt(Math.floor(slot / slotsPerBucket)) + 1 + slotsPerBucket + place * 3;
}

export function firstBucket(tagLow: number, bucketCount: number): number {
  return (tagLow >>> 0) % bucketCount;
}

export function secondBucket(tagLow: number, tagHigh: number, bucketCount: number): number {
  const bucket = tagHigh % bucketCount;
  return bucket === firstBucket(tagLow, bucketCount) ? (bucket + 1) % bucketCount : bucket;
}
