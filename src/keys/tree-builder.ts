/**
 * Builds a tree of LMDB's pages from entries that come in the order of their keys, each page full
 * before the next is begun. It is what LMDB makes of the same entries when they are appended, at a
 * fifth of the cost: an entry is one copy, and there is no transaction that keeps each page until
 * its end. The layout is described in tree-file.
 */
import { writeWhole } from '../lib/write-whole.ts';
import { bigPlaceBytes, PageBuilder, type PageSpace, writePageHead } from './page-builder.ts';
import { branchFlag, leafFlag, nodeHeaderBytes, pageHeaderBytes } from './tree-file.ts';

const overflowFlag = 4;
/**
 * Pages are written so many at once, from a multiple of as many on: 16 KiB. Linux keeps what was
 * written so in one piece, where the file system can (ext4 since 6.16, XFS). Larger pieces cost
 * more later: a page that LMDB writes makes the file system go through the list of all blocks of
 * its piece, and a kernel that looks whether a piece was used has all of it looked up anew.
 */
const writtenPages = 4;

export type BuiltTree = {
  root: number;
  depth: number;
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entryCount: number;
};

export class TreeBuilder {
  readonly #space: PageSpace;
  readonly #leaf: PageBuilder;
  /** From those above the leaves up to the root. */
  readonly #branches: PageBuilder[] = [];
  readonly #written: Buffer;
  #writtenBytes = 0;
  #branchPages = 0;
  #leafPages = 0;
  #overflowPages = 0;
  #entryCount = 0;
  readonly #entryBytesMax: number;

  /** Takes pages of `space`, which no other builder may take until `finish`. */
  constructor(space: PageSpace) {
    this.#space = space;
    this.#leaf = new PageBuilder(space, leafFlag);
    this.#written = Buffer.alloc(writtenPages * space.pageBytes);
    // As LMDB: so that two are on a page.
    this.#entryBytesMax =
      Math.floor((space.pageBytes - pageHeaderBytes) / 4) * 2 - 2 - nodeHeaderBytes;
  }

  /** The key and then the value, from `start` to `end`. */
  add(bytes: Buffer, { start, end }: { start: number; end: number }, keyBytes: number): void {
    const isBig = end - start > this.#entryBytesMax;
    const length = isBig ? keyBytes + bigPlaceBytes : end - start;
    if (!this.#leaf.hasRoomFor(length)) this.#finishPage(0);
    const { bytes: page } = this.#leaf;
    if (isBig) {
      const place = this.#writeBig(bytes.subarray(start + keyBytes, end));
      this.#leaf.addBigEntry(keyBytes, end - start - keyBytes);
      bytes.copy(page, this.#leaf.nodeAt + nodeHeaderBytes, start, start + keyBytes);
      place.copy(page, this.#leaf.nodeAt + nodeHeaderBytes + keyBytes);
    } else {
      this.#leaf.addEntry(keyBytes, length - keyBytes);
      bytes.copy(page, this.#leaf.nodeAt + nodeHeaderBytes, start, end);
    }
    this.#entryCount += 1;
  }

  /** Undefined without an entry. */
  finish(): BuiltTree | undefined {
    if (this.#entryCount === 0) return undefined;
    for (let level = 0; level < this.#branches.length; level += 1) this.#finishPage(level);
    const root = this.#writePage(this.#branches.length);
    this.#flush();
    return {
      root,
      depth: this.#branches.length + 1,
      branchPages: this.#branchPages,
      leafPages: this.#leafPages,
      overflowPages: this.#overflowPages,
      entryCount: this.#entryCount,
    };
  }

  #page(level: number): PageBuilder {
    return level === 0 ? this.#leaf : (this.#branches[level - 1] as PageBuilder);
  }

  /** Writes the page and enters it above; the level goes on with an empty one. */
  #finishPage(level: number): void {
    const page = this.#page(level);
    const firstKey = page.firstKey();
    const number = this.#writePage(level);
    page.clear();
    this.#enter(level + 1, firstKey, number);
  }

  #enter(level: number, key: Buffer, child: number): void {
    if (level > this.#branches.length) {
      this.#branches.push(new PageBuilder(this.#space, branchFlag));
    }
    const branch = this.#page(level);
    if (!branch.hasRoomFor(key.length)) {
      // A branch has two children at least, and nobody knows whether another will come.
      const last = branch.removeLastChild();
      this.#finishPage(level);
      branch.addChild(last.key, last.child);
    }
    branch.addChild(key, child);
  }

  #writePage(level: number): number {
    const number = this.#space.nextPage;
    if (number % writtenPages === 0) this.#flush();
    this.#space.nextPage += 1;
    if (level === 0) this.#leafPages += 1;
    else this.#branchPages += 1;
    this.#page(level).copyTo(this.#written, this.#writtenBytes, number);
    this.#writtenBytes += this.#space.pageBytes;
    return number;
  }

  /** On pages of its own, of which only the first has a header. Returns its place. */
  #writeBig(value: Buffer): Buffer {
    const { nextPage: number, pageBytes, transaction, file } = this.#space;
    const pageCount = Math.ceil((pageHeaderBytes + value.length) / pageBytes);
    this.#flush();
    const pages = Buffer.alloc(pageCount * pageBytes);
    writePageHead(pages, { number, transaction, flags: overflowFlag });
    pages.writeUInt32LE(pageCount, 20);
    value.copy(pages, pageHeaderBytes);
    writeWhole(file, pages, number * pageBytes);
    this.#space.nextPage += pageCount;
    this.#overflowPages += pageCount;
    const place = Buffer.alloc(bigPlaceBytes);
    for (const [index, part] of [number, transaction, pageCount].entries()) {
      place.writeUIntLE(part, index * 8, 6);
    }
    return place;
  }

  #flush(): void {
    const { file, nextPage, pageBytes } = this.#space;
    const bytes = this.#written.subarray(0, this.#writtenBytes);
    writeWhole(file, bytes, nextPage * pageBytes - bytes.length);
    this.#writtenBytes = 0;
  }
}
