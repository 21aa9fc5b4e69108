/** A page of a tree while it is filled: nodes from its end down, their places from its start up. */
import { bigFlag, branchFlag, nodeHeaderBytes, pageHeaderBytes } from './tree-file.ts';

/** The pages of a file, from the first on that nobody has used; of which transaction they are. */
export type PageSpace = { file: number; nextPage: number; pageBytes: number; transaction: number };

/** Page, transaction and number of pages of a value that has pages of its own. */
export const bigPlaceBytes = 24;

export class PageBuilder {
  readonly bytes: Buffer;
  /** Where the node stands that was added last. */
  nodeAt: number;
  readonly #transaction: number;
  readonly #flags: number;
  #count = 0;
  /** Of a branch: the node itself has no key, as it stands for everything before the second. */
  #firstKey: Buffer = Buffer.alloc(0);

  constructor({ pageBytes, transaction }: PageSpace, flags: number) {
    this.bytes = Buffer.alloc(pageBytes);
    this.nodeAt = pageBytes;
    this.#transaction = transaction;
    this.#flags = flags;
  }

  /** For a node with so many bytes of key and value. */
  hasRoomFor(length: number): boolean {
    const placesEnd = pageHeaderBytes + 2 * (this.#count + 1);
    return this.nodeAt - sizeOf(length) >= placesEnd;
  }

  /** Of a leaf: key and value are to be written behind the node's header. */
  addEntry(keyBytes: number, valueBytes: number): void {
    this.#addNode(keyBytes + valueBytes, keyBytes);
    this.bytes.writeUInt32LE(valueBytes, this.nodeAt);
  }

  /** Of a leaf: the key is to be written, and behind it where the value is. */
  addBigEntry(keyBytes: number, valueBytes: number): void {
    this.#addNode(keyBytes + bigPlaceBytes, keyBytes);
    this.bytes.writeUInt32LE(valueBytes, this.nodeAt);
    this.bytes.writeUInt16LE(bigFlag, this.nodeAt + 4);
  }

  addChild(key: Buffer, child: number): void {
    const isFirst = this.#count === 0;
    const keyBytes = isFirst ? 0 : key.length;
    this.#addNode(keyBytes, keyBytes);
    this.bytes.writeUIntLE(child, this.nodeAt, 6);
    if (isFirst) this.#firstKey = key;
    else key.copy(this.bytes, this.nodeAt + nodeHeaderBytes);
  }

  /** Of a branch with two children or more. */
  removeLastChild(): { key: Buffer; child: number } {
    const keyAt = this.nodeAt + nodeHeaderBytes;
    const keyBytes = this.bytes.readUInt16LE(this.nodeAt + 6);
    const key = Buffer.from(this.bytes.subarray(keyAt, keyAt + keyBytes));
    const child = this.bytes.readUIntLE(this.nodeAt, 6);
    this.bytes.fill(0, this.nodeAt, this.nodeAt + sizeOf(keyBytes));
    this.#count -= 1;
    this.nodeAt += sizeOf(keyBytes);
    return { key, child };
  }

  /** A copy. */
  firstKey(): Buffer {
    if (this.#flags === branchFlag) return this.#firstKey;
    const node = this.bytes.readUInt16LE(pageHeaderBytes) + pageHeaderBytes;
    const keyAt = node + nodeHeaderBytes;
    return Buffer.from(this.bytes.subarray(keyAt, keyAt + this.bytes.readUInt16LE(node + 6)));
  }

  copyTo(target: Buffer, at: number, number: number): void {
    const { bytes } = this;
    writePageHead(bytes, { number, transaction: this.#transaction, flags: this.#flags });
    bytes.writeUInt16LE(2 * this.#count, 20);
    bytes.writeUInt16LE(this.nodeAt - pageHeaderBytes, 22);
    bytes.copy(target, at);
  }

  clear(): void {
    this.bytes.fill(0);
    this.#count = 0;
    this.nodeAt = this.bytes.length;
  }

  #addNode(length: number, keyBytes: number): void {
    const { bytes } = this;
    this.nodeAt -= sizeOf(length);
    bytes.writeUInt16LE(this.nodeAt - pageHeaderBytes, pageHeaderBytes + 2 * this.#count);
    bytes.writeUInt16LE(keyBytes, this.nodeAt + 6);
    this.#count += 1;
  }
}

export type PageHead = { number: number; transaction: number; flags: number };

export function writePageHead(page: Buffer, { number, transaction, flags }: PageHead): void {
  page.writeUIntLE(number, 0, 6);
  page.writeUIntLE(transaction, 8, 6);
  page.writeUInt16LE(flags, 18);
}

/** Nodes stand at even places. */
function sizeOf(length: number): number {
  return nodeHeaderBytes + length + (length & 1);
}
