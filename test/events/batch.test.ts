import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Batch,
  composeBatch,
  isFinished,
  pendingPiece,
  pieceToken,
  refusalsMax,
  splitRefused,
} from '../../src/events/batch.ts';
import type { SealedName } from '../../src/events/segment-name.ts';

const limits = { rowsMax: 100, segmentsMax: 4, ageMs: 1000 };

/** Rows of a table of our own. */
const own = { kind: 1, target: '' };

function segments(...frameCounts: number[]): SealedName[] {
  return frameCounts.map((frameCount, index) => ({
    name: `segment-${index}`,
    openedAtMs: 10_000 + index,
    owner: 'w1',
    frameCount,
    fileBytes: 4096,
  }));
}

function refusedBatch(rowCount: number): Batch {
  const [batch] = [composeBatch(segments(rowCount), limits, 11_000, false)];
  assert.ok(batch);
  batch.pieces = [{ ...pendingPiece(own, 0, rowCount), state: 'refused' }];
  return batch;
}

test('a batch waits for its age, not longer, and not at all when it is full or draining', () => {
  const few = segments(10, 20);
  assert.equal(composeBatch(few, limits, 10_999, false), undefined);
  assert.equal(composeBatch(few, limits, 11_000, false)?.why, 'age');
  assert.equal(composeBatch(few, limits, 10_001, true)?.why, 'drain');
  assert.equal(composeBatch(segments(60, 40), limits, 10_001, false)?.why, 'size');
  assert.equal(composeBatch([], limits, 99_999, true), undefined);
});

test('a batch of few rows waits a shorter time', () => {
  const patient = { ...limits, few: { rows: 30, ageMs: 200 } };
  assert.equal(composeBatch(segments(10, 20), patient, 10_199, false), undefined);
  assert.equal(composeBatch(segments(10, 20), patient, 10_200, false)?.why, 'age');
  assert.equal(composeBatch(segments(10, 21), patient, 10_999, false), undefined);
  assert.equal(composeBatch(segments(10, 21), patient, 11_000, false)?.why, 'age');
  const hasty = { ...patient, ageMs: 100 };
  assert.equal(composeBatch(segments(10), hasty, 10_100, false)?.why, 'age');
});

test('a batch does not wait when no more events come', () => {
  const patient = { ...limits, quietMs: 300 };
  const sealed = segments(10, 20).map((segment, index) => ({
    ...segment,
    openedAtMs: 10_000 + index * 500,
  }));
  assert.equal(composeBatch(sealed, patient, 10_799, false), undefined);
  assert.equal(composeBatch(sealed, patient, 10_800, false)?.why, 'age');
});

test('a batch takes the oldest segments up to its rows, and a larger segment by itself', () => {
  const batch = composeBatch(segments(60, 30, 20, 5), limits, 10_001, false);
  assert.deepEqual(batch?.segments, ['segment-0', 'segment-1']);
  assert.equal(batch?.rowCount, 90);
  const large = composeBatch(segments(500, 1), limits, 10_001, false);
  assert.deepEqual(large?.segments, ['segment-0']);
  const many = composeBatch(segments(1, 1, 1, 1, 1), limits, 10_001, false);
  assert.equal(many?.segments.length, 4);
});

test('a clock that was set back holds nothing up', () => {
  assert.equal(composeBatch(segments(1), limits, 5, false)?.why, 'age');
});

test('the same segments make the same id, other segments another', () => {
  const one = composeBatch(segments(10, 20), limits, 11_000, false);
  const same = composeBatch(segments(10, 20), limits, 99_000, true);
  const other = composeBatch(segments(10), limits, 11_000, false);
  assert.equal(one?.id, same?.id);
  assert.notEqual(one?.id, other?.id);
});

test('a token depends on batch, kind, target, range and content, and on nothing else', () => {
  const content = Uint32Array.of(1, 2, 3);
  const piece = pendingPiece(own, 0, 3);
  const token = pieceToken('a', piece, content);
  assert.equal(pieceToken('a', { ...piece, state: 'refused', isLast: true }, content), token);
  const others = [
    pieceToken('b', piece, content),
    pieceToken('a', pendingPiece({ ...own, kind: 2 }, 0, 3), content),
    pieceToken('a', pendingPiece(own, 0, 2), content),
    pieceToken('a', pendingPiece({ ...own, target: 't' }, 0, 3), content),
    pieceToken('a', piece, Uint32Array.of(1, 2, 4)),
  ];
  assert.equal(new Set([token, ...others]).size, 6);
});

test('a refused piece is split into halves that cover it, down to a single row', () => {
  const batch = refusedBatch(5);
  splitRefused(batch);
  assert.deepEqual(
    batch.pieces?.map(({ from, to }) => [from, to]),
    [
      [0, 3],
      [3, 5],
    ],
  );
  for (const piece of batch.pieces ?? []) piece.state = 'refused';
  splitRefused(batch);
  assert.deepEqual(
    batch.pieces?.map(({ from, to }) => [from, to]),
    [
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ],
  );
  assert.equal(batch.refusalCount, 3);
});

test('after too many refusals a refused piece is split no more', () => {
  const batch = refusedBatch(50);
  batch.refusalCount = refusalsMax;
  splitRefused(batch);
  assert.deepEqual(batch.pieces, [pendingPiece(own, 0, 50, true)]);
});

test('a batch is finished when every piece is, also without any', () => {
  const batch = refusedBatch(5);
  assert.equal(isFinished(batch), false);
  batch.pieces = [{ ...pendingPiece(own, 0, 5), state: 'inserted' }];
  assert.equal(isFinished(batch), true);
  batch.pieces = [];
  assert.equal(isFinished(batch), true);
  batch.pieces = undefined;
  assert.equal(isFinished(batch), false);
});
