/**
 * The task that runs in the pool: it reads the segments of one batch, makes rows of their frames
 * and inserts each pending piece. It decides nothing that must be remembered: what became of each
 * piece goes back to the shipper, which makes it durable before the next step.
 *
 * 100,000 rows take 40 ms to read and 140 ms to make in this thread, and some 500 ms until the
 * server has confirmed them (it shares the two cores): RowBinary and zstd level 1, 2.1 MB. The
 * losers: JSONCompactEachRow, 1.5 to 2 times the server's time; gzip level 1, 2.9 MB and 60 ms to
 * compress against 37.
 */
import { type Piece, pendingPiece, pieceToken, tasksPerThread } from './batch.ts';
import {
  type BadRow,
  type BatchRows,
  checksumsOf,
  encodeRows,
  fieldsOf,
  type RowsOfGroup,
  readBatchRows,
  type SpooledRow,
} from './batch-rows.ts';
import { type Clickhouse, createClickhouse, insertRows } from './clickhouse.ts';
import {
  type ClickhouseFault,
  clickhouseFault,
  type ForeignFault,
  foreignFault,
} from './clickhouse-fault.ts';
import type { EventKind, InsertTarget, NodeFacts } from './event-kind.ts';
import { eventKindOf } from './event-kinds.ts';
import { quarantineRows } from './quarantine.ts';
import { RowWriter } from './row-writer.ts';
import { openSpoolFolder } from './spool-folder.ts';

export type BatchWork = {
  batchId: string;
  folder: string;
  segments: readonly string[];
  pieces: readonly Piece[] | undefined;
  /** False: rows for a table of somebody's that is missing go to quarantine. */
  waitsForTables: boolean;
  clickhouse: { url: string; requestTimeoutMs: number };
  node: NodeFacts;
};

/** Beside ClickHouse's own: `disk`, when a segment cannot be read or a quarantine file written. */
export type BatchFault = { class: ClickhouseFault['class'] | 'disk'; message: string };

export type BatchReport = {
  /** Undefined when the segments could not be read. */
  pieces: Piece[] | undefined;
  damaged: BatchRows['damaged'];
  lostRows: number;
  insertCount: number;
  /** Why a piece is still pending: it is to be tried again later. */
  fault: BatchFault | undefined;
  /** Of the last refusal. */
  refusal: string | undefined;
};

/** One thread serves one server: its client stays, for its sockets to stay. */
let client: Clickhouse | undefined;
let clientUrl: string | undefined;
/** Their buffers are used again and again, by one task at a time. */
const idleWriters: RowWriter[] = [];

function clientFor({ url, requestTimeoutMs }: BatchWork['clickhouse']): Clickhouse {
  if (!client || clientUrl !== url) {
    void client?.close();
    client = createClickhouse({ url, requestTimeoutMs, connectionsMax: tasksPerThread });
    clientUrl = url;
  }
  return client;
}

export default async function batchTask(work: BatchWork): Promise<BatchReport> {
  const report: BatchReport = {
    pieces: work.pieces?.map((piece) => ({ ...piece })),
    damaged: [],
    lostRows: 0,
    insertCount: 0,
    fault: undefined,
    refusal: undefined,
  };
  try {
    const rows = readBatchRows(openSpoolFolder(work.folder), work.segments);
    report.damaged = rows.damaged;
    report.lostRows = rows.lostRows;
    report.pieces ??= wholePieces(rows);
    for (const piece of report.pieces) {
      const fault =
        piece.state === 'pending' ? await shipPiece({ work, report, rows, piece }) : undefined;
      report.fault ??= fault;
      if (fault && !isOfOneTable(fault, piece)) break;
    }
  } catch (error) {
    report.fault = { class: 'disk', message: (error as Error).message };
  }
  return report;
}

/** At first, all rows that can be inserted together are one piece. */
function wholePieces(rows: BatchRows): Piece[] {
  return rows.groups.map((group) => pendingPiece(group, 0, group.rows.length));
}

/** What is wrong with a table of somebody's need not be wrong with the next. */
function isOfOneTable(fault: BatchFault, piece: Piece): boolean {
  return piece.target !== '' && fault.class !== 'unreachable';
}

type Shipping = { work: BatchWork; report: BatchReport; rows: BatchRows; piece: Piece };

/** Why the piece is still pending, if it is. Throws only errors of the file system. */
async function shipPiece(shipping: Shipping): Promise<ClickhouseFault | undefined> {
  const { work, report, rows, piece } = shipping;
  const kind = eventKindOf(piece.kind) as EventKind<never>;
  const group = groupOf(rows, piece);
  // Empty when the segments are gone: then nothing is inserted, whatever the target is.
  const target = group && kind.insertInto(group.targetText);
  const ofGroup = group?.rows ?? [];
  const rangeEnd = (at: number) => Math.min(at, ofGroup.length);
  const range = { from: rangeEnd(piece.from), to: rangeEnd(piece.to), node: work.node };
  const writer = idleWriters.pop() ?? new RowWriter();
  writer.truncate(0);
  if (target && target.head !== '') writer.bytes(Buffer.from(target.head));
  const bad = encodeRows(writer, kind, ofGroup, range);
  const goodCount = range.to - range.from - bad.length;
  const token = pieceToken(work.batchId, piece, checksumsOf(ofGroup, range));
  const fault =
    target && goodCount > 0
      ? await insert({ work, target, rows: writer.written(), token })
      : undefined;
  // After a failure the compressor may still be reading the buffer.
  if (!fault) idleWriters.push(writer);
  const table = target?.table ?? '';
  if (fault?.class === 'refused') {
    report.refusal = fault.message;
    piece.state = 'refused';
    if (piece.to - piece.from > 1 && !piece.isLast && !fault.isOfAll) return undefined;
    const refused = { work, piece, table, ofGroup, range, bad, reason: fault.message };
    piece.droppedRows = quarantinePiece(refused);
    piece.state = 'quarantined';
    return undefined;
  }
  if (fault) return fault;
  const { quarantine } = openSpoolFolder(work.folder);
  piece.droppedRows = quarantineRows(quarantine, { batchId: work.batchId, piece, table }, bad);
  piece.state = 'inserted';
  piece.insertedRows = goodCount;
  if (goodCount > 0) report.insertCount += 1;
  return undefined;
}

function groupOf({ groups }: BatchRows, { kind, target }: Piece): RowsOfGroup | undefined {
  return groups.find((group) => group.kind === kind && group.target === target);
}

type Insert = { work: BatchWork; target: InsertTarget; rows: Buffer; token: string };

async function insert({ work, target, rows, token }: Insert): Promise<ForeignFault | undefined> {
  const { statement, settings } = target;
  try {
    const connection = clientFor(work.clickhouse);
    await insertRows(connection, { statement, settings, rows, token });
    return undefined;
  } catch (error) {
    if (target.isForeign) return foreignFault(error, work.waitsForTables);
    return { ...clickhouseFault(error), isOfAll: false };
  }
}

type Refused = {
  work: BatchWork;
  piece: Piece;
  table: string;
  ofGroup: readonly SpooledRow[];
  range: { from: number; to: number };
  bad: readonly BadRow[];
  reason: string;
};

/** How many rows could not be kept. */
function quarantinePiece(refused: Refused): number {
  const { work, piece, table, ofGroup, range, bad, reason } = refused;
  const { quarantine } = openSpoolFolder(work.folder);
  const badByNumber = new Map(bad.map((row) => [row.number, row]));
  const rows = ofGroup.slice(range.from, range.to).map((row, index) => {
    const number = range.from + index;
    return badByNumber.get(number) ?? { number, fields: fieldsOf(row), reason };
  });
  return quarantineRows(quarantine, { batchId: work.batchId, piece, table }, rows);
}
