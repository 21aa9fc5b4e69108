/**
 * Sorts records by hash, more of them than memory holds. Hashes are even, so their first byte deals
 * the records into 256 buckets of about the same size; a bucket that outgrows its memory goes to a
 * file, and each is sorted on its own in the end. The file has no name from the start: whatever
 * happens, nothing of it is left.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { assert } from '../lib/assert.ts';
import type { Span } from './raw-key.ts';

const bucketCount = 256;
/** In all 16 MB, however many records there are. */
const bucketBytes = 65_536;
/** An entry is the hash's length (u8), the record's length (u32), the hash and the record. */
const headBytes = 5;
/** With the 32 bits of the hash before it, what a double holds exactly. */
const positionsMax = 2 ** 21;

type Extent = { at: number; bytes: number };
type Bucket = { memory: Buffer | undefined; used: number; extents: Extent[]; entryCount: number };

/** What follows is good until the next bucket is asked for. */
export type HashedEntry = { hash: Buffer; bytes: Buffer };

export class HashSorter {
  readonly #file: number;
  /** Of the entry that was added last. */
  memory: Buffer = Buffer.alloc(0);
  #fileBytes = 0;
  readonly #buckets: Bucket[] = Array.from({ length: bucketCount }, () => {
    return { memory: undefined, used: 0, extents: [], entryCount: 0 };
  });

  /** Nothing may be at `path`, and nothing is there afterwards. */
  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
  }

  add(hash: Buffer, bytes: Buffer): void {
    const at = this.reserve({ bytes: hash, start: 0, end: hash.length }, bytes.length);
    this.memory.set(bytes, at);
  }

  /**
   * Adds a record that is still to be written: to `memory` from the place that is returned on,
   * before anything else is added. `kind`, where it is not 0, is a last byte of the hash.
   */
  reserve({ bytes, start, end }: Span, recordBytes: number, kind = 0): number {
    const bucket = this.#buckets[bytes[start] as number] as Bucket;
    const hashBytes = end - start + (kind === 0 ? 0 : 1);
    const memory = this.#makeRoom(bucket, headBytes + hashBytes + recordBytes);
    let at = bucket.used;
    memory[at] = hashBytes;
    memory[at + 1] = recordBytes & 0xff;
    memory[at + 2] = (recordBytes >>> 8) & 0xff;
    memory[at + 3] = (recordBytes >>> 16) & 0xff;
    memory[at + 4] = recordBytes >>> 24;
    at += headBytes;
    for (let from = start; from < end; from += 1, at += 1) memory[at] = bytes[from] as number;
    if (kind !== 0) memory[at] = kind;
    bucket.used += headBytes + hashBytes + recordBytes;
    bucket.entryCount += 1;
    this.memory = memory;
    return bucket.used - recordBytes;
  }

  /** All entries in the order of their hashes, bucket by bucket. */
  *sorted(): Generator<HashedEntry[]> {
    for (const bucket of this.#buckets) {
      if (bucket.entryCount === 0) continue;
      yield sortEntries(this.#read(bucket), bucket.entryCount);
      bucket.memory = undefined;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #makeRoom(bucket: Bucket, entryBytes: number): Buffer {
    const { memory, used } = bucket;
    if (memory && used + entryBytes <= memory.length) return memory;
    this.#spill(bucket);
    // What a large entry has made larger than usual is given up after it.
    const isOfUse =
      memory !== undefined && entryBytes <= memory.length && memory.length <= bucketBytes;
    bucket.memory = isOfUse ? memory : Buffer.allocUnsafe(Math.max(bucketBytes, entryBytes));
    return bucket.memory;
  }

  #spill(bucket: Bucket): void {
    if (bucket.used === 0) return;
    this.#write(bucket, (bucket.memory as Buffer).subarray(0, bucket.used));
    bucket.used = 0;
  }

  #write(bucket: Bucket, bytes: Buffer): void {
    const at = this.#fileBytes;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
    }
    this.#fileBytes += bytes.length;
    bucket.extents.push({ at, bytes: bytes.length });
  }

  #read({ memory, used, extents }: Bucket): Buffer {
    const bytes = Buffer.allocUnsafe(extents.reduce((sum, extent) => sum + extent.bytes, used));
    let end = 0;
    for (const extent of extents) {
      for (let done = 0; done < extent.bytes; ) {
        const count = readSync(this.#file, bytes, end, extent.bytes - done, extent.at + done);
        assert(count > 0, 'what was written to be sorted is there');
        done += count;
        end += count;
      }
    }
    memory?.copy(bytes, end, 0, used);
    return bytes;
  }
}

/**
 * By the four bytes after the first, which all of a bucket share, as numbers with the position
 * behind them: the engine sorts those ten times as fast as it calls a comparison.
 */
function sortEntries(bytes: Buffer, entryCount: number): HashedEntry[] {
  assert(entryCount < positionsMax, 'a bucket has more entries than can be told apart');
  const ranks = new Float64Array(entryCount);
  const entries: HashedEntry[] = new Array(entryCount);
  for (let index = 0, at = 0; index < entryCount; index += 1) {
    const hashAt = at + headBytes;
    const recordAt = hashAt + (bytes[at] as number);
    ranks[index] = bytes.readUInt32BE(hashAt + 1) * positionsMax + index;
    const end = recordAt + bytes.readUInt32LE(at + 1);
    entries[index] = {
      hash: bytes.subarray(hashAt, recordAt),
      bytes: bytes.subarray(recordAt, end),
    };
    at = end;
  }
  const sorted = Array.from(ranks.sort(), (rank) => entries[rank % positionsMax] as HashedEntry);
  return settleTies(sorted);
}

/** Neighbours that five bytes cannot tell apart: of a million hashes, next to none. */
function settleTies(sorted: HashedEntry[]): HashedEntry[] {
  for (let index = 1; index < sorted.length; index += 1) {
    const entry = sorted[index] as HashedEntry;
    let to = index;
    while (to > 0 && (sorted[to - 1] as HashedEntry).hash.compare(entry.hash) > 0) {
      sorted[to] = sorted[to - 1] as HashedEntry;
      to -= 1;
    }
    sorted[to] = entry;
  }
  return sorted;
}
