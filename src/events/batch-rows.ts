/** The rows of a batch, read from its sealed segments. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackFields } from './event-codec.ts';
import type { EventKind, NodeFacts } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';
import type { RowWriter } from './row-writer.ts';
import { type Frame, readFrames, readSegmentHeader } from './segment.ts';
import { parseSealedName } from './segment-name.ts';
import type { SpoolFolder } from './spool-folder.ts';

export type SpooledRow = { bytes: Buffer; frame: Frame };

export type BatchRows = {
  /** In the order of the segments; the position is the number of the row within its kind. */
  byKind: Map<number, SpooledRow[]>;
  /** Segments with rows that cannot be read: they are kept in quarantine, whole. */
  damaged: { name: string; rowCount: number }[];
  /** Rows of segments that are gone. */
  lostRows: number;
};

/** Throws the error of the operating system when a file cannot be read, unless it is not there. */
export function readBatchRows(folder: SpoolFolder, segments: readonly string[]): BatchRows {
  const rows: BatchRows = { byKind: new Map(), damaged: [], lostRows: 0 };
  for (const name of segments) {
    const promised = parseSealedName(name)?.frameCount ?? 0;
    const bytes = readIfThere(join(folder.segments, name));
    if (!bytes) {
      rows.lostRows += promised;
      continue;
    }
    const goodCount = takeRows(rows.byKind, bytes);
    const rowCount = promised - goodCount;
    if (rowCount > 0) rows.damaged.push({ name, rowCount });
  }
  return rows;
}

/** The number of good frames of kinds that this version knows. */
function takeRows(byKind: Map<number, SpooledRow[]>, bytes: Buffer): number {
  const header = readSegmentHeader(bytes);
  if (!header) return 0;
  let goodCount = 0;
  for (const frame of readFrames(bytes, header).frames) {
    if (!eventKindOf(frame.kind)) continue;
    const rows = byKind.get(frame.kind) ?? [];
    if (rows.length === 0) byKind.set(frame.kind, rows);
    rows.push({ bytes, frame });
    goodCount += 1;
  }
  return goodCount;
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
  return unpackFields(row.bytes, row.frame.start, row.frame.end);
}
