/**
 * Where things stand in a table of credits, in words of 64 bits: header, then buckets of 192 bytes:
 * the tags of eight keys, the credits of each, and what of each was not leased when the primary
 * last saw it. A key may stand in one of two buckets.
 *
 * The word of credits: what is left, 53 bits, under the mark, 10 bits. The mark counts what the
 * primary did to the slot; even means closed, odd open. It never goes back, not even when the slot
 * goes to another key, so that a spender who was delayed cannot spend of what has changed since.
 * What was not leased stands under the mark of the grant that it was seen with.
 */
import { headerWords, type TableKind } from './table-file.ts';
import { labelMask } from './word.ts';

export const keysPerBucket = 8;

const bucketWords = 3 * keysPerBucket;

export const creditTableKind: TableKind = {
  name: 'credits',
  number: 2,
  wordCount: (bucketCount) => headerWords + bucketCount * bucketWords,
};

export function creditTagAt(slot: number): number {
  const bucket = Math.floor(slot / keysPerBucket);
  return headerWords + bucket * bucketWords + (slot % keysPerBucket);
}

export function creditsAt(slot: number): number {
  return creditTagAt(slot) + keysPerBucket;
}

export function unleasedAt(slot: number): number {
  return creditsAt(slot) + keysPerBucket;
}

export function creditBuckets(low: number, high: number, bucketCount: number): [number, number] {
  return [(low >>> 0) % bucketCount, high % bucketCount];
}

export function isOpen(mark: number): boolean {
  return mark % 2 === 1;
}

/** The mark that a slot has after the next grant. */
export function markAfterGrant(mark: number): number {
  return (mark + (isOpen(mark) ? 2 : 1)) & labelMask;
}
