import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfSipHash } from '../../src/limits/half-sip-hash.ts';

/** Of the reference implementation: key 00…07, message 00 01 02 … of 0, 4, 8, … 60 bytes. */
const vectors = [
  '218d1f59b9b83cc8',
  'd5e78a175be52ea1',
  'edfee820bce4858c',
  '7bc71f9faef5c799',
  '7336aad25f7bf3b5',
  '1bf52b0a6feea7db',
  '70741045ae3fa6f1',
  '2d925ffb1e0016b5',
  '28709d46d811626c',
  '86d67a40ec4276dc',
  '5b38c81c67c8ae4c',
  '1e30f3ad27dcb15a',
  'a9eaa8c04ba93e3e',
  '02445a7998f550e1',
  'a1a492f942f15f1d',
  'd6762890bf26e460',
];

test('the first two words are those of the reference implementation', () => {
  const key = new Int32Array(Uint8Array.from({ length: 8 }, (_, at) => at).buffer);
  const message = new Int32Array(Uint8Array.from({ length: 64 }, (_, at) => at).buffer);
  const out = new Int32Array(3);
  for (const [count, expected] of vectors.entries()) {
    halfSipHash(key, message, count, out);
    assert.equal(Buffer.from(out.buffer, 0, 8).toString('hex'), expected);
  }
});

test('another key gives other words, in the third as well', () => {
  const message = new Int32Array([1, 2, 3]);
  const one = new Int32Array(3);
  const other = new Int32Array(3);
  halfSipHash(new Int32Array([1, 2]), message, 3, one);
  halfSipHash(new Int32Array([1, 3]), message, 3, other);
  for (const at of [0, 1, 2]) assert.notEqual(one[at], other[at]);
  assert.equal(new Set(one).size, 3);
});
