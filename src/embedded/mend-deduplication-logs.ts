/**
 * Makes ClickHouse forget inserts that it remembers and does not have.
 *
 * A MergeTree writes an insert's id into the table's deduplication log and then, 0.15 ms later,
 * renames the finished part into its place (26.7, seen with strace). A server that is killed in
 * between starts with an id whose rows are nowhere, and takes the same insert, sent again, for a
 * duplicate: its rows are lost in that table. So, while no server runs, an id goes out of the log
 * when no part holds its rows. It has to be before the next start: a server gives the number of the
 * missing part to its next insert, and then nothing tells the two apart.
 *
 * Half a line, left by a full disk, goes as well: the next entry would be appended to it, and the
 * server would remember nothing from there on.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Some 250 entries; a table's inserts are committed one by one, so what a kill has cut is the last.
 * To look at all entries of full logs (10,000 to 30,000 a table) took a start 300 ms.
 */
const tailBytes = 16_384;
/** `<operation> <part> <id>`; 1 adds the id, 2 forgets it. */
const entryForm = /^(\d+)\t([^\t]+)\t[^\t]+$/;
const addition = '1';
/** `<partition>_<first block>_<last block>_<level>`, and a mutation at times. */
const partForm = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/** A part has the rows of these blocks, first and last included; a merged one of many. */
type BlockRange = { readonly partition: string; readonly first: number; readonly last: number };

/** `storeFolder` is the server's `path`. Returns how many lines were taken out. */
export function mendDeduplicationLogs(storeFolder: string): number {
  // Not beside the log: the server reads each file of that folder as a log.
  const spareFile = join(storeFolder, 'deduplication-log.new');
  let removedCount = 0;
  for (const table of tableFolders(storeFolder)) {
    const logs = namesIn(join(table, 'deduplication_logs'));
    const parts = logs.length === 0 ? [] : namesIn(table).flatMap((name) => blockRange(name) ?? []);
    for (const log of logs) {
      const path = join(table, 'deduplication_logs', log);
      const mended = mendLog(readFileSync(path), parts);
      if (mended.removedCount === 0) continue;
      writeFileSync(spareFile, mended.bytes, { mode: 0o600, flush: true });
      renameSync(spareFile, path);
      removedCount += mended.removedCount;
    }
  }
  return removedCount;
}

/** Of `Atomic` databases: `store/<three digits of the id>/<id>`. */
function tableFolders(storeFolder: string): string[] {
  const root = join(storeFolder, 'store');
  return namesIn(root).flatMap((group) =>
    namesIn(join(root, group)).map((name) => join(root, group, name)),
  );
}

function mendLog(bytes: Buffer, parts: readonly BlockRange[]) {
  const start = tailStart(bytes);
  const lines = bytes.toString('latin1', start).split('\n');
  // Behind the last line feed: nothing, or half a line.
  const half = lines.pop();
  const kept = lines.filter((line) => isSound(line, parts));
  const removedCount = lines.length - kept.length + (half === '' ? 0 : 1);
  const tail = kept.map((line) => `${line}\n`).join('');
  const pieces = [bytes.subarray(0, start), Buffer.from(tail, 'latin1')];
  return { removedCount, bytes: Buffer.concat(pieces) };
}

/** The start of a line. */
function tailStart(bytes: Buffer): number {
  return bytes.length <= tailBytes ? 0 : bytes.indexOf('\n', bytes.length - tailBytes) + 1;
}

function isSound(line: string, parts: readonly BlockRange[]): boolean {
  const [, operation, part = ''] = entryForm.exec(line) ?? [];
  if (operation !== addition) return operation !== undefined;
  const sought = blockRange(part);
  return sought === undefined || parts.some((range) => covers(range, sought));
}

/** Whether it is the part itself, or one that it was merged into. */
function covers(range: BlockRange, { partition, first, last }: BlockRange): boolean {
  return range.partition === partition && range.first <= first && range.last >= last;
}

/** Undefined for what is not the name of a part in its place. */
function blockRange(name: string): BlockRange | undefined {
  const [, partition = '', first, last] = partForm.exec(name) ?? [];
  return partition === '' ? undefined : { partition, first: Number(first), last: Number(last) };
}

/** Empty for a folder that is not there, and for a file. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
