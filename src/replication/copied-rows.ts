/**
 * Rows of a statement by `COPY … TO STDOUT` in binary: the server sends while we decode; through a
 * cursor both wait for one another. A row is not made into values but stays where the network put
 * it: its fields are places among the bytes.
 */
import type { Readable } from 'node:stream';
import { assert } from '../lib/assert.ts';
import type { Transaction } from '../lib/database.ts';

/** Type and length, before each message. */
const messageHeadBytes = 5;
/** Signature, flags, and the length of an extension that no server sends. */
const copyHeadBytes = 19;
const nothing = Buffer.alloc(0);

/** `columns`: which place each column of the statement has. */
export type CopyStatement = { sql: string; columns: Readonly<Record<string, number>> };

/** To be read with `next` as long as that says true, then `more`. */
export class CopiedRows {
  /** The row lies in here; until `more`. */
  bytes: Buffer = nothing;
  /** Where its fields begin and end. A field that is null looks like an empty one. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #pieces: AsyncIterator<Buffer>;
  #at = 0;
  #isBegun = false;
  #isOver = false;

  private constructor(stream: Readable, columnCount: number) {
    this.starts = new Int32Array(columnCount);
    this.ends = new Int32Array(columnCount);
    this.#pieces = stream.iterator({ destroyOnReturn: false });
  }

  static async of(transaction: Transaction, { sql, columns }: CopyStatement): Promise<CopiedRows> {
    const copy = `copy (${sql}) to stdout (format binary)`;
    return new CopiedRows(await transaction.unsafe(copy).readable(), Object.keys(columns).length);
  }

  /** Whether there was another row among what has come. */
  next(): boolean {
    const { bytes } = this;
    while (this.#at < bytes.length) {
      // One row is one message: so the protocol has it.
      const end = this.#at + 1 + readI32(bytes, this.#at + 1);
      let at = this.#at + messageHeadBytes;
      this.#at = end;
      if (!this.#isBegun) at += copyHeadBytes;
      this.#isBegun = true;
      // The number of fields; -1 marks the end.
      if (at === end || (bytes[at] as number) > 0x7f) continue;
      this.#readFields(at + 2, end);
      return true;
    }
    return false;
  }

  /** Waits for more rows: false when that was all. */
  async more(): Promise<boolean> {
    if (this.#isOver) return false;
    const { value, done } = await this.#pieces.next();
    this.#isOver = done === true;
    this.bytes = done ? nothing : value;
    this.#at = 0;
    return !this.#isOver;
  }

  /** Reads what is left and throws it away: the connection is of no use before that. */
  async drain(): Promise<void> {
    while (await this.more());
  }

  text(column: number): string {
    return this.bytes.toString('utf8', this.starts[column], this.ends[column]);
  }

  #readFields(from: number, end: number): void {
    const { bytes, starts, ends } = this;
    let at = from;
    for (let column = 0; column < starts.length; column += 1) {
      const length = readI32(bytes, at);
      at += 4;
      starts[column] = at;
      if (length > 0) at += length;
      ends[column] = at;
    }
    assert(at === end, 'a copied row has other columns than were asked for');
  }
}

export function readI32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Below 2^53, as every bigint of the schema. */
export function readI64(bytes: Buffer, at: number): number {
  return readI32(bytes, at) * 2 ** 32 + (readI32(bytes, at + 4) >>> 0);
}
