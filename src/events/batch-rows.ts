/** The rows of a batch, read from its sealed segments. */
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

export type RowsOfGroup = RowGroup & { rows: SpooledRow[] };

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
  for (const name of segments) {
    const promised = parseSealedName(name)?.frameCount ?? 0;
    const bytes = readIfThere(join(folder.segments, name));
    if (!bytes) {
      rows.lostRows += promised;
      continue;
    }
    const goodCount = takeRows(rows.groups, bytes);
    const rowCount = promised - goodCount;
    if (rowCount > 0) rows.damaged.push({ name, rowCount });
  }
  return rows;
}

/** The number of good frames of kinds that this version knows. */
function takeRows(groups: RowsOfGroup[], bytes: Buffer): number {
  const header = readSegmentHeader(bytes);
  if (!header) return 0;
  let goodCount = 0;
  for (const frame of readFrames(bytes, header).frames) {
    const target = targetOf(bytes, frame);
    if (target === undefined) continue;
    rowsOf(groups, { kind: frame.kind, target }).push({ bytes, frame });
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

/** Of the same group as the row before, mostly: there are few groups in a batch. */
function rowsOf(groups: RowsOfGroup[], { kind, target }: RowGroup): SpooledRow[] {
  let group = groups.find((one) => one.kind === kind && one.target === target);
  if (!group) {
    group = { kind, target, rows: [] };
    groups.push(group);
  }
  return group.rows;
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
