/**
 * A record as bytes: numbers at known offsets, then all its texts as one, which is decoded once and
 * cut by lengths. Text by text it takes twice the time: each is a call into the runtime.
 */

/** A value that lies among other bytes, not to be used after the next look-up. */
export type StoredValue = {
  readonly bytes: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
};

/** In byte 1: all texts are ASCII, and are stored as Latin-1, which is the fastest to read. */
export const flagAscii = 1;

/** The bytes of a record: `numbers`, filled but for the flag, and the texts behind it. */
export function joinRecord(numbers: Buffer, texts: readonly string[]): Buffer {
  const all = texts.join('');
  const isAscii = Buffer.byteLength(all) === all.length;
  if (isAscii) numbers[1] = (numbers[1] as number) | flagAscii;
  return Buffer.concat([numbers, Buffer.from(all, isAscii ? 'latin1' : 'utf8')]);
}

/** What `toString` calls once it has found out the encoding. */
type SliceableBuffer = Buffer & { latin1Slice(start: number, end: number): string };

/** All texts of a record with so many bytes of numbers, as one. */
export function readTexts({ bytes, valueStart, valueEnd }: StoredValue, numbers: number): string {
  const start = valueStart + numbers;
  const isAscii = ((bytes[valueStart + 1] as number) & flagAscii) !== 0;
  if (isAscii) return (bytes as SliceableBuffer).latin1Slice(start, valueEnd);
  return bytes.toString('utf8', start, valueEnd);
}

export function readU16(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export function readU32(bytes: Buffer, at: number): number {
  return readU16(bytes, at) + readU16(bytes, at + 2) * 65536;
}
