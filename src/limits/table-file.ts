/**
 * The files behind the tables: a header of 512 bytes, then what the kind of table wants. The header
 * says what the file is and how large, and holds the random key of its tags; the file is readable
 * by its owner alone (mode 0600).
 *
 * A file comes to life whole: it is filled in under another name and renamed.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { type MappedFile, mapFile } from '../lib/mapped-file.ts';

export const headerWords = 64;
/** A header word for the table's own use. */
export const headerSpareAt = 8;

const magic = 0x4c4b5442;
const format = 1;

export type TableKind = {
  readonly name: string;
  /** What the header calls it. */
  readonly number: number;
  /** The length of the whole file, in words of 8 bytes. */
  wordCount(bucketCount: number): number;
};

export type TableFile = {
  readonly words: BigInt64Array;
  readonly bucketCount: number;
  /** Two words: what tags are hashed with. */
  readonly tagKey: Int32Array;
  /**
   * For who counts in it. Page by page, each first counter of a page costs a fault or two, and
   * where the file has to be read, the disk's time as well.
   */
  load(): void;
  /** After this nothing of the table may be touched. */
  unmap(): void;
};

export type NewTable = {
  kind: TableKind;
  bucketCount: number;
  /** Of the table that this one replaces; random by default. */
  tagKey?: Int32Array;
  /** Puts in what the table shall hold at birth; false: the new table is thrown away. */
  fill?: (table: TableFile) => boolean;
};

/** Makes a new table in place of what has that name now. Throws what the file system throws. */
export function createTableFile(path: string, table: NewTable): void {
  const unborn = `${path}.new`;
  rmSync(unborn, { force: true });
  try {
    if (!fillTable(unborn, table)) return;
    const fd = openSync(unborn, 'r');
    fsyncSync(fd);
    closeSync(fd);
    renameSync(unborn, path);
  } finally {
    rmSync(unborn, { force: true });
  }
}

function fillTable(path: string, { kind, bucketCount, tagKey, fill }: NewTable): boolean {
  const mapped = mapFile(path, kind.wordCount(bucketCount) * 8);
  // As it is written now Linux keeps it: in large pieces, or page by page.
  mapped.load();
  try {
    const header = new Int32Array(mapped.buffer, 0, headerWords * 2);
    header.set([magic, format, kind.number, bucketCount]);
    header.set(tagKey ?? randomFillSync(new Int32Array(2)), 4);
    return fill?.(viewTable(mapped)) !== false;
  } finally {
    mapped.unmap();
  }
}

/**
 * Undefined if there is no such file. Throws an Error if the file is something else, cut short or
 * of a format that this version does not read: to throw counts away is for the operator to decide.
 */
export function openTableFile(path: string, kind: TableKind): TableFile | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (stat.size >= headerWords * 8) {
    const mapped = mapFile(path, stat.size);
    const [mark, version, number, bucketCount = 0] = new Int32Array(mapped.buffer, 0, 4);
    const known = mark === magic && version === format && number === kind.number;
    if (known && stat.size >= kind.wordCount(bucketCount) * 8) return viewTable(mapped);
    mapped.unmap();
  }
  throw new Error(
    `${path} is not a table of ${kind.name} in format ${format}; ` +
      'if the file is removed, a new one starts to count from nothing',
  );
}

function viewTable(mapped: MappedFile): TableFile {
  const header = new Int32Array(mapped.buffer, 0, headerWords * 2);
  return {
    words: new BigInt64Array(mapped.buffer, 0, mapped.sizeBytes >>> 3),
    bucketCount: header[3] as number,
    tagKey: header.slice(4, 6),
    load: () => mapped.load(),
    unmap: () => mapped.unmap(),
  };
}
