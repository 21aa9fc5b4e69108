/**
 * Which sealed segments go to ClickHouse together, and how a refused batch is taken apart. Plain
 * values in and out: what is durable, and when, is the ledger's part.
 */
import { createHash } from 'node:crypto';
import type { SealedName } from './segment-name.ts';

/** A thread of the pool makes the rows of one batch while ClickHouse takes those of the other. */
export const tasksPerThread = 2;

/** Why a batch was closed. */
export type FlushReason = 'size' | 'age' | 'drain';

/**
 * Rows that can be inserted together. `target` is empty, or a digest of what the kind says of them:
 * the ledger has room for that, whatever somebody's statement is made of.
 */
export type RowGroup = { kind: number; target: string };

/**
 * Rows `from` (inclusive) to `to` (exclusive) of one kind and target, counted over the segments of
 * the batch in their order. One piece is one insert, with its own token.
 */
export type Piece = RowGroup & {
  from: number;
  to: number;
  state: 'pending' | 'inserted' | 'refused' | 'quarantined';
  /** So many of its rows went to ClickHouse, once the state is `inserted`. */
  insertedRows: number;
  /** So many were refused and could not be kept: quarantine is full. */
  droppedRows: number;
  /** Its next refusal sends it to quarantine as it is, instead of being split again. */
  isLast: boolean;
};

export type Batch = {
  /** Made from the names of the segments, which are never used twice. */
  id: string;
  why: FlushReason;
  segments: string[];
  rowCount: number;
  /** Undefined until the kinds of the rows are known, which is after the first try. */
  pieces: Piece[] | undefined;
  refusalCount: number;
};

export type BatchLimits = {
  rowsMax: number;
  segmentsMax: number;
  /** A batch is closed when its oldest event is so old. */
  ageMs: number;
  /** One with no more rows than these is already closed at this age: it costs ClickHouse little. */
  few?: { rows: number; ageMs: number };
  /** So long after its newest segment was begun, without another: there is nothing to wait for. */
  quietMs?: number;
};

/** Beyond so many refusals in one batch a refused piece is no longer split. */
export const refusalsMax = 200;

/**
 * The next batch out of the sealed segments, oldest first; undefined when it is not yet time. A
 * single segment above `rowsMax` is a batch of its own.
 */
export function composeBatch(
  sealed: readonly SealedName[],
  limits: BatchLimits,
  nowMs: number,
  isDraining: boolean,
): Batch | undefined {
  const [oldest] = sealed;
  if (!oldest) return undefined;
  const { taken, rowCount } = takeOldest(sealed, limits);
  const isFull = taken.length < sealed.length || rowCount >= limits.rowsMax;
  const ageMs = nowMs - oldest.openedAtMs;
  // An age below zero is a clock that was set back: nobody knows how old the event is.
  const isOld = ageMs >= dueMs(rowCount, limits) || ageMs < 0 || isQuiet(sealed, limits, nowMs);
  if (!isFull && !isOld && !isDraining) return undefined;
  const why = isFull ? 'size' : isOld ? 'age' : 'drain';
  const segments = taken.map((segment) => segment.name);
  return { id: batchId(segments), why, segments, rowCount, pieces: undefined, refusalCount: 0 };
}

function isQuiet(sealed: readonly SealedName[], { quietMs }: BatchLimits, nowMs: number): boolean {
  return quietMs !== undefined && nowMs - (sealed.at(-1)?.openedAtMs ?? nowMs) >= quietMs;
}

function dueMs(rowCount: number, { few, ageMs }: BatchLimits): number {
  return few && rowCount <= few.rows ? Math.min(few.ageMs, ageMs) : ageMs;
}

function takeOldest(sealed: readonly SealedName[], limits: BatchLimits) {
  const taken: SealedName[] = [];
  let rowCount = 0;
  for (const segment of sealed) {
    const isOver = rowCount + segment.frameCount > limits.rowsMax;
    if (taken.length > 0 && (isOver || taken.length === limits.segmentsMax)) break;
    taken.push(segment);
    rowCount += segment.frameCount;
  }
  return { taken, rowCount };
}

function batchId(segments: readonly string[]): string {
  return createHash('sha256').update(segments.join('\n')).digest('hex').slice(0, 32);
}

/**
 * The `insert_deduplication_token` of a piece: from where its rows come and from their checksums,
 * so that it stays the same at every try and across an upgrade that writes the rows differently.
 */
export function pieceToken(batchId: string, piece: Piece, checksums: Uint32Array): string {
  return createHash('sha256')
    .update(`${batchId} ${piece.kind} ${piece.from} ${piece.to} ${piece.target}\n`)
    .update(checksums)
    .digest('hex');
}

export function pendingPiece(
  { kind, target }: RowGroup,
  from: number,
  to: number,
  isLast = false,
): Piece {
  return { kind, target, from, to, state: 'pending', insertedRows: 0, droppedRows: 0, isLast };
}

/** What is to be tried next: each refused piece becomes its two halves. */
export function splitRefused(batch: Batch): void {
  if (!batch.pieces) return;
  batch.refusalCount += batch.pieces.filter((piece) => piece.state === 'refused').length;
  batch.pieces = batch.pieces.flatMap((piece) => {
    if (piece.state !== 'refused') return [piece];
    const { from, to } = piece;
    const middle = from + Math.ceil((to - from) / 2);
    const isLast = batch.refusalCount >= refusalsMax;
    if (isLast || to - from < 2) return [pendingPiece(piece, from, to, true)];
    return [pendingPiece(piece, from, middle), pendingPiece(piece, middle, to)];
  });
}

export function isFinished(batch: Batch): boolean {
  return batch.pieces?.every((piece) => isDone(piece)) ?? false;
}

function isDone(piece: Piece): boolean {
  return piece.state === 'inserted' || piece.state === 'quarantined';
}
