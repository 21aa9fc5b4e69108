import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowWriter } from '../../src/events/row-writer.ts';

function bytesOf(write: (row: RowWriter) => void): string {
  const row = new RowWriter();
  write(row);
  return row.written().toString('hex');
}

test('strings carry their length in bytes, also above 127 and beyond ASCII', () => {
  assert.equal(
    bytesOf((row) => row.string('')),
    '00',
  );
  assert.equal(
    bytesOf((row) => row.string('ab')),
    '026162',
  );
  assert.equal(
    bytesOf((row) => row.string('ä€')),
    '05c3a4e282ac',
  );
  assert.ok(bytesOf((row) => row.string('x'.repeat(300))).startsWith('ac0278'));
  assert.equal(
    bytesOf((row) => row.strings(['a', 'b'])),
    '0201610162',
  );
});

test('numbers are little-endian, to the bounds of what is safe', () => {
  assert.equal(
    bytesOf((row) => row.int64(-1)),
    'ffffffffffffffff',
  );
  assert.equal(
    bytesOf((row) => row.int64(2 ** 53 - 1)),
    'ffffffffffff1f00',
  );
  assert.equal(
    bytesOf((row) => row.int64(-(2 ** 53) + 1)),
    '010000000000e0ff',
  );
  assert.equal(
    bytesOf((row) => row.uint64(2 ** 53 - 1)),
    'ffffffffffff1f00',
  );
  assert.equal(
    bytesOf((row) => row.bool(true)),
    '01',
  );
  assert.equal(
    bytesOf((row) => row.bool(false)),
    '00',
  );
  assert.equal(
    bytesOf((row) => row.uint32(4_294_967_295)),
    'ffffffff',
  );
});

test('a value that cannot be the column is refused by a TypeError', () => {
  const row = new RowWriter();
  for (const value of [undefined, 1, null]) assert.throws(() => row.string(value), TypeError);
  for (const value of [0.5, 2 ** 53, '1', undefined]) {
    assert.throws(() => row.int64(value), TypeError);
  }
  for (const value of [-1, 0.5, 2 ** 53, undefined]) {
    assert.throws(() => row.uint64(value), TypeError);
  }
  for (const value of [1, 'true', undefined]) assert.throws(() => row.bool(value), TypeError);
  for (const value of [-1, 2 ** 32, 1.5]) assert.throws(() => row.uint32(value), TypeError);
  assert.throws(() => row.strings('a'), TypeError);
  assert.throws(() => row.strings([1]), TypeError);
});

test('a row that turned out to be bad is taken back, and the buffer grows as it must', () => {
  const row = new RowWriter();
  row.string('kept');
  const before = row.byteLength;
  row.string('x'.repeat(3_000_000));
  row.truncate(before);
  assert.equal(row.written().toString(), '\x04kept');
});
