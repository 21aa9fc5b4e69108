import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  joinWord,
  packWord,
  wordHigh,
  wordLabel,
  wordLow,
  wordValue,
} from '../../src/limits/word.ts';

test('label and value come out as they went in, up to 10 and 53 bits, never negative', () => {
  for (const label of [0, 1, 512, 1023]) {
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1e12, 2 ** 53 - 1]) {
      const word = packWord(label, value);
      assert.ok(word >= 0n);
      assert.deepEqual([wordLabel(word), wordValue(word)], [label, value]);
    }
  }
});

test('the halves of a word come out as they went in', () => {
  const word = joinWord(-5, 0x7fffffff);
  assert.deepEqual([wordLow(word), wordHigh(word)], [-5, 0x7fffffff]);
});
