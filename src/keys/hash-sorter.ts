/**
 * Sorts records by hash, more of them than memory holds. Hashes are even, so their first byte deals
 * the records into 256 buckets of about the same size; what memory has no room for goes to a file,
 * and each bucket is sorted on its own in the end. The file has no name from the start: whatever
 * happens, nothing of it is left.
 */
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { assert } from '../lib/assert.ts';
import { writeWhole } from '../lib/write-whole.ts';
import type { Span } from './raw-key.ts';
import { readU32 } from './record-text.ts';

const noBytes: Buffer = Buffer.alloc(0);
const bucketCount = 256;
/** What a bucket fills before it asks for more; in all 16 MB, however many records there are. */
const blockBytes = 65_536;
/** Blocks are cut from pieces that are large enough for the system to take back one by one. */
const pieceBytes = 64 * blockBytes;
/** An entry is the hash's length (u8), the record's length (u32), the hash and the record. */
const headBytes = 5;
/** With the 32 bits of the hash before it, what a double holds exactly. */
const positionsMax = 2 ** 21;

type Extent = { at: number; bytes: number };
type Bucket = {
  /** What is being filled, up to `used`. */
  block: Buffer;
  used: number;
  /** Full blocks, as far as they are in use. */
  kept: Buffer[];
  extents: Extent[];
  entryCount: number;
};

/** The entries of a bucket, by their places in order: see `entryAt`. Good until the next bucket. */
export type SortedRun = { bytes: Buffer; places: Float64Array };

export type EntryPlace = { hashAt: number; recordAt: number; end: number };

export function entryAt(bytes: Buffer, place: number): EntryPlace {
  const hashAt = place + headBytes;
  const recordAt = hashAt + (bytes[place] as number);
  return { hashAt, recordAt, end: recordAt + readU32(bytes, place + 1) };
}

export class HashSorter {
  /** Of the entry that was added last. */
  memory = noBytes;
  entryCount = 0;
  readonly #file: number;
  #fileBytes = 0;
  #keepableBytes: number;
  #piece = noBytes;
  #pieceUsed = 0;
  #reading = noBytes;
  readonly #buckets: Bucket[] = Array.from({ length: bucketCount }, () => {
    return { block: noBytes, used: 0, kept: [], extents: [], entryCount: 0 };
  });

  /**
   * Nothing may be at `path`, and nothing is there afterwards. So many bytes are kept in memory
   * beyond what each bucket fills.
   */
  constructor(path: string, keptBytesMax: number) {
    this.#keepableBytes = keptBytesMax;
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
    this.entryCount += 1;
    this.memory = memory;
    return bucket.used - recordBytes;
  }

  /** All entries in the order of their hashes, bucket by bucket; once. */
  *sorted(): Generator<SortedRun> {
    for (const bucket of this.#buckets) {
      if (bucket.entryCount === 0) continue;
      const bytes = this.#read(bucket);
      bucket.block = noBytes;
      bucket.kept = [];
      yield { bytes, places: sortPlaces(bytes, bucket.entryCount) };
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #makeRoom(bucket: Bucket, entryBytes: number): Buffer {
    if (bucket.used + entryBytes <= bucket.block.length) return bucket.block;
    const isKept = bucket.used > 0 && this.#keepableBytes >= bucket.block.length;
    const filled = bucket.block.subarray(0, bucket.used);
    if (isKept) bucket.kept.push(filled);
    else this.#write(bucket, filled);
    bucket.used = 0;
    if (isKept) this.#keepableBytes -= bucket.block.length;
    // A block that was made for a large entry is given up.
    const isReusable = !isKept && bucket.block.length === blockBytes && entryBytes <= blockBytes;
    if (!isReusable) bucket.block = this.#newBlock(entryBytes);
    return bucket.block;
  }

  #newBlock(entryBytes: number): Buffer {
    if (entryBytes > blockBytes) return Buffer.allocUnsafeSlow(entryBytes);
    if (this.#pieceUsed === this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
      this.#pieceUsed = 0;
    }
    this.#pieceUsed += blockBytes;
    return this.#piece.subarray(this.#pieceUsed - blockBytes, this.#pieceUsed);
  }

  #write(bucket: Bucket, bytes: Buffer): void {
    if (bytes.length === 0) return;
    const at = this.#fileBytes;
    writeWhole(this.#file, bytes, at);
    this.#fileBytes += bytes.length;
    bucket.extents.push({ at, bytes: bytes.length });
  }

  #read({ block, used, kept, extents }: Bucket): Buffer {
    const inMemory = kept.reduce((sum, { length }) => sum + length, used);
    const length = extents.reduce((sum, { bytes }) => sum + bytes, inMemory);
    if (length > this.#reading.length)
      this.#reading = Buffer.allocUnsafeSlow(Math.ceil(length * 1.25));
    const bytes = this.#reading;
    let end = 0;
    for (const extent of extents) {
      for (let done = 0; done < extent.bytes; ) {
        const count = readSync(this.#file, bytes, end, extent.bytes - done, extent.at + done);
        assert(count > 0, 'what was written to be sorted is there');
        done += count;
        end += count;
      }
    }
    for (const one of kept) end += one.copy(bytes, end);
    block.copy(bytes, end, 0, used);
    return bytes;
  }
}

/**
 * By the four bytes after the first, which all of a bucket share, as numbers with the position
 * behind them: the engine sorts those ten times as fast as it calls a comparison.
 */
function sortPlaces(bytes: Buffer, entryCount: number): Float64Array {
  assert(entryCount < positionsMax, 'a bucket has more entries than can be told apart');
  const ranks = new Float64Array(entryCount);
  const unsorted = new Float64Array(entryCount);
  for (let index = 0, place = 0; index < entryCount; index += 1) {
    const { hashAt, end } = entryAt(bytes, place);
    ranks[index] = bytes.readUInt32BE(hashAt + 1) * positionsMax + index;
    unsorted[index] = place;
    place = end;
  }
  const places = ranks.sort().map((rank) => unsorted[rank % positionsMax] as number);
  settleTies(bytes, places);
  return places;
}

/** Neighbours that five bytes cannot tell apart: of a million hashes, next to none. */
function settleTies(bytes: Buffer, places: Float64Array): void {
  for (let index = 1; index < places.length; index += 1) {
    const place = places[index] as number;
    let to = index;
    while (to > 0 && isBefore(bytes, place, places[to - 1] as number)) {
      places[to] = places[to - 1] as number;
      to -= 1;
    }
    places[to] = place;
  }
}

function isBefore(bytes: Buffer, one: number, other: number): boolean {
  const first = bytes.readUInt32BE(one + headBytes + 1);
  const second = bytes.readUInt32BE(other + headBytes + 1);
  if (first !== second) return first < second;
  const [a, b] = [entryAt(bytes, one), entryAt(bytes, other)];
  return bytes.compare(bytes, b.hashAt, b.recordAt, a.hashAt, a.recordAt) < 0;
}
