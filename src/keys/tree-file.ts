/**
 * Reads a replica file in place. LMDB is a tree of pages in a file that is mapped anyway: walking
 * it from here takes 1.6 µs for one of a million keys where a call into the library takes 2.6, and
 * what is found is decoded where it lies, without a copy. Everything else (writing, transactions,
 * the few other look-ups) is the library's.
 *
 * Only for trees whose keys are uniform in their first four bytes, as hashes are: where a key lies
 * between its neighbours then tells nearly where it stands, so that a page costs two or three
 * probes, each of them a miss of the processor's caches, and not the five of halving.
 *
 * Snapshots are LMDB's: pages that a state refers to are not written again as long as a read
 * transaction is open that began before that state was looked at. Whoever calls `renew` holds one,
 * and holds it until after the next `renew`.
 *
 * The layout is that of LMDB's mdb.c, data version 2, as the npm package has it: a page begins with
 * a header of 24 bytes (flags at 18, twice the number of its nodes at 20), then the place of each
 * node in 16 bits, counted from the end of the header. A node is low and high half of its size or
 * page number, flags (in a branch: more of the page number) and the size of its key, then the key.
 */
import { statSync } from 'node:fs';
import { assert } from '../lib/assert.ts';
import { type MappedFile, mapWindow } from '../lib/mapped-file.ts';
import { type ReadAhead, startReadAhead } from '../native/read-ahead.ts';

/** Address space, not memory or disk: a file that never outgrows it need not be mapped again. */
export const windowBytes = 2 ** 38;

export const magic = 0xbeefc0de;
export const dataVersion = 2;
export const pageHeaderBytes = 24;
export const nodeHeaderBytes = 8;
export const branchFlag = 1;
export const leafFlag = 2;
/** Of a node: its value has pages of its own. */
export const bigFlag = 1;
/** In a meta page, counted from the end of its header. */
export const pageSizeAt = 24;
export const mainRootAt = 112;
export const transactionAt = 128;
/** In the value of a node that stands for a named tree. */
export const treeRootAt = 40;

/** Two pages, of 64 KiB at most. */
const metaWordsMax = 2 ** 15;

/** A file that needs more of the memory that is left would drive out other things, and itself. */
const memoryShareMax = 0.5;

const noPage = 2 ** 64;
const prefixBytes = 4;
const prefixes = 2 ** 32;
/** After so many guesses that went wrong the rest is halved. */
const guessesMax = 4;

export class TreeFile {
  /** Of the whole file, and of what it may grow to. */
  readonly bytes: Buffer;
  /** Where the value lies that the last `find` has found. */
  valueStart = 0;
  valueEnd = 0;
  readonly #file: MappedFile;
  readonly #view: DataView;
  readonly #metaWords: Int32Array;
  readonly #pageBytes: number;
  /** Of the main tree, whose values are the named trees. */
  #mainRoot = noPage;
  readonly #readAhead: ReadAhead | undefined;

  constructor(path: string) {
    this.#file = mapWindow(path, windowBytes);
    this.bytes = Buffer.from(this.#file.buffer);
    this.#view = new DataView(this.#file.buffer);
    this.#metaWords = new Int32Array(this.#file.buffer, 0, metaWordsMax);
    const isKnown =
      this.#view.getUint32(pageHeaderBytes, true) === magic &&
      this.#view.getUint32(pageHeaderBytes + 4, true) === dataVersion;
    assert(isKnown, `${path} is not a file of this version of LMDB`);
    this.#pageBytes = this.#view.getUint32(pageHeaderBytes + pageSizeAt, true);
    const { size } = statSync(path);
    const fits = size <= process.availableMemory() * memoryShareMax;
    if (fits) this.#readAhead = startReadAhead(this.#file.buffer, size);
  }

  /** From now on the newest state that is committed. */
  renew(): void {
    const first = pageHeaderBytes;
    const second = this.#pageBytes + pageHeaderBytes;
    for (;;) {
      const [one, other] = [this.#transactionOf(first), this.#transactionOf(second)];
      const root = this.#u64((one > other ? first : second) + mainRootAt);
      // A commit writes the older of the two. The newer one was whole when the root was read,
      // unless a whole commit came between and the next one has begun.
      const isSame = this.#transactionOf(first) === one && this.#transactionOf(second) === other;
      if (!isSame) continue;
      this.#mainRoot = root;
      return;
    }
  }

  /**
   * The root of a named tree in this state, for `find`. There are few: they stand on one page. The
   * npm package keeps their names with the NUL that ends them in C.
   */
  rootOf(name: string): number {
    const nodes = this.#mainRoot * this.#pageBytes + pageHeaderBytes;
    const count = this.#nodeCount(nodes);
    assert(this.#isLeaf(nodes), 'the replica has more tables than fit on a page');
    for (let place = 0; place < count; place += 1) {
      const node = this.#nodeAt(nodes, place);
      const keyAt = node + nodeHeaderBytes;
      const keyEnd = keyAt + this.#view.getUint16(node + 6, true);
      if (this.bytes.toString('latin1', keyAt, keyEnd) !== `${name}\0`) continue;
      return this.#u64(keyEnd + treeRootAt);
    }
    throw new Error(`the replica has no table ${name}`);
  }

  /**
   * Whether the tree has this key, whose characters are its bytes, at least four. If so, its value
   * lies from `valueStart` to `valueEnd`.
   */
  find(root: number, key: string): boolean {
    if (root >= noPage) return false;
    const wanted = prefixOf(key);
    let page = root;
    let low = 0;
    let high = prefixes;
    for (;;) {
      const nodes = page * this.#pageBytes + pageHeaderBytes;
      const isLeaf = this.#isLeaf(nodes);
      // The first node of a branch stands for everything before the second.
      let below = isLeaf ? -1 : 0;
      let above = this.#nodeCount(nodes);
      for (let guesses = 0; above - below > 1; guesses += 1) {
        const isGuessed = guesses < guessesMax && high > low;
        const share = isGuessed ? (wanted - low) / (high - low) : 0.5;
        const place = between(below, above, share);
        const node = this.#nodeAt(nodes, place);
        const prefix = this.#view.getUint32(node + nodeHeaderBytes, false);
        const order = wanted === prefix ? this.#compareRest(node, key) : wanted - prefix;
        if (order === 0 && isLeaf) return this.#holdValue(node);
        if (order < 0) {
          above = place;
          high = prefix;
        } else {
          below = place;
          low = prefix;
        }
      }
      if (isLeaf) return false;
      page = this.#childOf(this.#nodeAt(nodes, below));
    }
  }

  get buffer(): ArrayBuffer {
    return this.#file.buffer;
  }

  /** After this the file must not be used. */
  close(): void {
    this.#readAhead?.stop();
    this.#file.unmap();
  }

  /** `nodes` is where a page's header ends. */
  #isLeaf(nodes: number): boolean {
    return (this.#view.getUint16(nodes - 6, true) & leafFlag) !== 0;
  }

  #nodeCount(nodes: number): number {
    return this.#view.getUint16(nodes - 4, true) >>> 1;
  }

  #nodeAt(nodes: number, place: number): number {
    return nodes + this.#view.getUint16(nodes + 2 * place, true);
  }

  #childOf(node: number): number {
    const view = this.#view;
    return view.getUint32(node, true) + view.getUint16(node + 4, true) * prefixes;
  }

  #holdValue(node: number): true {
    const view = this.#view;
    const sizeBytes = view.getUint32(node, true);
    const valueAt = node + nodeHeaderBytes + view.getUint16(node + 6, true);
    const isBig = (view.getUint16(node + 4, true) & bigFlag) !== 0;
    this.valueStart = isBig ? this.#u64(valueAt) * this.#pageBytes + pageHeaderBytes : valueAt;
    this.valueEnd = this.valueStart + sizeBytes;
    return true;
  }

  /** How `key` compares with the node's, which begins with the same four bytes. */
  #compareRest(node: number, key: string): number {
    const keyAt = node + nodeHeaderBytes;
    const length = this.#view.getUint16(node + 6, true);
    const shared = Math.min(length, key.length);
    for (let at = prefixBytes; at < shared; at += 1) {
      const order = key.charCodeAt(at) - (this.bytes[keyAt + at] as number);
      if (order !== 0) return order;
    }
    return key.length - length;
  }

  /** Atomic, so that what is read before and after it is read before and after it. */
  #transactionOf(meta: number): number {
    const at = (meta + transactionAt) / 4;
    const high = Atomics.load(this.#metaWords, at + 1) * prefixes;
    return high + (Atomics.load(this.#metaWords, at) >>> 0);
  }

  #u64(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * prefixes;
  }
}

/** Neither `below` nor `above`, which have something between them. */
function between(below: number, above: number, share: number): number {
  const place = below + Math.floor(share * (above - below));
  return Math.min(Math.max(place, below + 1), above - 1);
}

function prefixOf(key: string): number {
  const high = (key.charCodeAt(0) << 8) | key.charCodeAt(1);
  const low = (key.charCodeAt(2) << 8) | key.charCodeAt(3);
  return high * 65536 + low;
}
