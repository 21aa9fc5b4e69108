import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from 'msgpackr';
import { packFields, unpackFields } from '../../src/events/event-codec.ts';

function roundTrip(fields: unknown[]): unknown[] {
  const { words, startWord, byteLength } = packFields(fields);
  const start = words.byteOffset + startWord * 4;
  return unpackFields(Buffer.from(words.buffer), start, start + byteLength);
}

test('fields come back as they were, whatever the length and the script', () => {
  const fields = ['', 'a', 'ü', '漢字', '😀'.repeat(100), 0, -1, 2 ** 40, 1.5, ['x', 'y'], []];
  assert.deepEqual(roundTrip(fields), fields);
});

test('an event larger than the packing buffer comes back whole', () => {
  const large = ['t'.repeat(100_000), ...Array.from({ length: 20 }, () => 'ä'.repeat(512))];
  assert.deepEqual(roundTrip(large), large);
  assert.deepEqual(roundTrip(['small']), ['small']);
});

test('packing an event leaves what other packers of the process have returned untouched', () => {
  const before = pack(['kept']);
  const copy = Buffer.from(before);
  for (let count = 0; count < 1000; count++) packFields([`event ${count}`]);
  assert.deepEqual(Buffer.from(before), copy);
});

test('bytes that are no array are refused', () => {
  assert.throws(() => unpackFields(Buffer.from([0xa1, 0x61]), 0, 2), TypeError);
  assert.throws(() => unpackFields(Buffer.from([0x93, 0x01]), 0, 2));
});
