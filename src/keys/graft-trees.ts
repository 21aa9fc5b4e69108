/**
 * Puts whole trees into a file of LMDB that nobody has open: their pages behind the last one, and
 * their roots into the entries of tables that were empty. Whoever is cut off in the middle leaves a
 * file that is of no use. The layout is described in tree-file.
 */
import { closeSync, fdatasync, openSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { assert } from '../lib/assert.ts';
import { writeWhole } from '../lib/write-whole.ts';
import type { PageSpace } from './page-builder.ts';
import type { BuiltTree } from './tree-builder.ts';
import {
  dataVersion,
  magic,
  mainRootAt,
  nodeHeaderBytes,
  pageHeaderBytes,
  pageSizeAt,
  transactionAt,
  treeRootAt,
} from './tree-file.ts';

/** In a meta page, counted from the end of its header. */
const lastPageAt = 120;
const metaBytes = 136;
/** In the value of a node that stands for a named tree. */
const depthAt = 6;
const branchPagesAt = 8;
const leafPagesAt = 16;
const overflowPagesAt = 24;
const entriesAt = 32;
const noRoot = (1n << 64n) - 1n;

const flush = promisify(fdatasync);

type Meta = { at: number; transaction: number; lastPage: number; mainRoot: number };

/** `build` makes the trees of tables, by their names; they are on the disk afterwards. */
export async function graftTrees(
  path: string,
  build: (space: PageSpace) => Promise<Map<string, BuiltTree>>,
): Promise<void> {
  const file = openSync(path, 'r+');
  try {
    const pageBytes = read(file, pageHeaderBytes + pageSizeAt, 4).readUInt32LE();
    const metas = readMetas(file, pageBytes);
    const newest = Math.max(...metas.map(({ transaction }) => transaction));
    const current = metas.filter(({ transaction }) => transaction === newest);
    const { lastPage, mainRoot } = current[0] as Meta;
    const space = { file, nextPage: lastPage + 1, pageBytes, transaction: newest };
    const trees = await build(space);
    const main = read(file, mainRoot * pageBytes, pageBytes);
    for (const [name, tree] of trees) enterTree(main, name, tree);
    writeWhole(file, main, mainRoot * pageBytes);
    const last = Buffer.alloc(8);
    last.writeBigUInt64LE(BigInt(space.nextPage - 1));
    for (const { at } of current) writeWhole(file, last, at + lastPageAt);
    await flush(file);
  } finally {
    closeSync(file);
  }
}

/** Two pages, and in the middle of the first what was last known to be on the disk. */
function readMetas(file: number, pageBytes: number): Meta[] {
  const metas: Meta[] = [];
  for (const page of [0, pageBytes / 2, pageBytes]) {
    const at = page + pageHeaderBytes;
    const bytes = read(file, at, metaBytes);
    if (bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== dataVersion) continue;
    metas.push({
      at,
      transaction: Number(bytes.readBigUInt64LE(transactionAt)),
      lastPage: Number(bytes.readBigUInt64LE(lastPageAt)),
      mainRoot: Number(bytes.readBigUInt64LE(mainRootAt)),
    });
  }
  return metas;
}

/** `main`: the one page on which the tables stand. */
function enterTree(main: Buffer, name: string, tree: BuiltTree): void {
  const at = tableAt(main, name);
  assert(main.readBigUInt64LE(at + treeRootAt) === noRoot, `the table ${name} is not empty`);
  main.writeUInt16LE(tree.depth, at + depthAt);
  main.writeBigUInt64LE(BigInt(tree.branchPages), at + branchPagesAt);
  main.writeBigUInt64LE(BigInt(tree.leafPages), at + leafPagesAt);
  main.writeBigUInt64LE(BigInt(tree.overflowPages), at + overflowPagesAt);
  main.writeBigUInt64LE(BigInt(tree.entryCount), at + entriesAt);
  main.writeBigUInt64LE(BigInt(tree.root), at + treeRootAt);
}

/** Where the value of the entry is. Names are kept with the NUL that ends them in C. */
function tableAt(main: Buffer, name: string): number {
  const placesEnd = pageHeaderBytes + main.readUInt16LE(pageHeaderBytes - 4);
  for (let place = pageHeaderBytes; place < placesEnd; place += 2) {
    const node = main.readUInt16LE(place) + pageHeaderBytes;
    const keyAt = node + nodeHeaderBytes;
    const keyEnd = keyAt + main.readUInt16LE(node + 6);
    if (main.toString('latin1', keyAt, keyEnd) === `${name}\0`) return keyEnd;
  }
  throw new Error(`the replica has no table ${name}`);
}

function read(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  assert(readSync(file, bytes, 0, length, at) === length, 'a file of LMDB ends too early');
  return bytes;
}
