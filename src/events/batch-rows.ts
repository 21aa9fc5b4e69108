/** The rows of a batch, read from its sealed segments. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowGroup } from './batch.ts';
import { unpackFields } from './event-codec.ts';
import type { EventKind, NodeFacts } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';
import type { RowWriter } from './row-writer.ts';
import { type Frame, readFrames, readSegmentHeader } from './segment.ts';
import { parseSealedName } from './segment-name.ts';
import type { SpoolFolder } from './spool-folder.ts';

export type SpooledRow = { bytes: Buffer; frame: Frame };

/** `targetText` is what the digest was made of. */
export type RowsOfGroup = RowGroup & { targetText: string; rows: SpooledRow[] };

export type BatchRows = {
  /** In the order of the segments; the position is the number of the row within its group. */
  groups: RowsOfGroup[];
  /** Segments with rows that cannot be read: they are kept in quarantine, whole. */
  damaged: { name: string; rowCount: number }[];
  /** Rows of segments that are gone. */
  lostRows: number;
};

/** Throws the error of the operating system when a file cannot be read, unless it is not there. */
export function readBatchRows(folder: SpoolFolder, segments: readonly string[]): BatchRows {
  const rows: BatchRows = { groups: [], damaged: [], lostRows: 0 };
  const rowsOf = grouping(rows.groups);
  for (const name of segments) {
    const promised = parseSealedName(name)?.frameCount ?? 0;
    const bytes = readIfThere(join(folder.segments, name));
    if (!bytes) {
      rows.lostRows += promised;
      continue;
    }
    const goodCount = takeRows(rowsOf, bytes);
    const rowCount = promised - goodCount;
    if (rowCount > 0) rows.damaged.push({ name, rowCount });
  }
  return rows;
}

/** The number of good frames of kinds that this version knows. */
function takeRows(rowsOf: RowsOf, bytes: Buffer): number {
  const header = readSegmentHeader(bytes);
  if (!header) return 0;
  let goodCount = 0;
  for (const frame of readFrames(bytes, header).frames) {
    const targetText = targetOf(bytes, frame);
    if (targetText === undefined) continue;
    rowsOf(frame.kind, targetText).push({ bytes, frame });
    goodCount += 1;
  }
  return goodCount;
}

/** Undefined for a frame that this version does not understand. */
function targetOf(bytes: Buffer, frame: Frame): string | undefined {
  const kind = eventKindOf(frame.kind);
  if (!kind) return undefined;
  if (!kind.hasTargets) return '';
  try {
    return kind.targetOf(unpackFields(bytes, frame.start, frame.end));
  } catch {
    return undefined;
  }
}

type RowsOf = (kind: number, targetText: string) => SpooledRow[];

/** A row is of the same group as the one before, mostly: only then is there nothing to look up. */
function grouping(groups: RowsOfGroup[]): RowsOf {
  const byName = new Map<string, RowsOfGroup>();
  let last: RowsOfGroup | undefined;
  return (kind, targetText) => {
    if (last?.kind === kind && last.targetText === targetText) return last.rows;
    const name = `${kind} ${targetText}`;
    last = byName.get(name);
    if (!last) {
      last = { kind, target: digestOf(targetText), targetText, rows: [] };
      byName.set(name, last);
      groups.push(last);
    }
    return last.rows;
  };
}

const digestLength = 22;

function digestOf(targetText: string): string {
  if (targetText === '') return '';
  return createHash('sha256').update(targetText).digest('base64url').slice(0, digestLength);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export type BadRow = { number: number; fields: unknown; reason: string };

/** Writes the rows `from` to `to` and returns those that cannot be rows, left out of `writer`. */
export function encodeRows(
  writer: RowWriter,
  kind: EventKind<never>,
  rows: readonly SpooledRow[],
  range: { from: number; to: number; node: NodeFacts },
): BadRow[] {
  const bad: BadRow[] = [];
  for (let number = range.from; number < range.to; number++) {
    const before = writer.byteLength;
    let fields: unknown;
    try {
      const { bytes, frame } = rows[number] as SpooledRow;
      const unpacked = unpackFields(bytes, frame.start, frame.end);
      fields = unpacked;
      kind.appendRow(writer, unpacked, range.node);
    } catch (error) {
      writer.truncate(before);
      bad.push({ number, fields, reason: (error as Error).message });
    }
  }
  return bad;
}

/** For the token: one word of each row. */
export function checksumsOf(
  rows: readonly SpooledRow[],
  range: { from: number; to: number },
): Uint32Array {
  const checksums = new Uint32Array(range.to - range.from);
  for (let index = 0; index < checksums.length; index++) {
    checksums[index] = (rows[range.from + index] as SpooledRow).frame.checksum;
  }
  return checksums;
}

/** The spooled fields of a row, for people to read. */
export function fieldsOf(row: SpooledRow): unknown[] {
  const fields = unpackFields(row.bytes, row.frame.start, row.frame.end);
  return fields.map((field) => (Buffer.isBuffer(field) ? field.toString('utf8') : field));
}
