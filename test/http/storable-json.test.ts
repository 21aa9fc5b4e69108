import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storableJson } from '../../src/http/storable-json.ts';
import { createRandom } from '../support/random.ts';

test('NUL and lone surrogates become U+FFFD', () => {
  assert.equal(storableJson('"\\u0000"'), '"\\ufffd"');
  assert.equal(storableJson('"a\\ud800b\\uDFFFc"'), '"a\\ufffdb\\ufffdc"');
  assert.equal(storableJson('"\\uDC00\\uD800"'), '"\\ufffd\\ufffd"');
  assert.equal(storableJson('"\\ud83d\\ud83d\\ude00"'), '"\\ufffd\\ud83d\\ude00"');
});

test('everything else stays as it is', () => {
  for (const json of [
    '{"a":"b"}',
    '"\\ud83d\\ude00"',
    '"\\\\u0000"',
    '"\\u0001\\n"',
    '"\\u00zz"',
  ]) {
    assert.equal(storableJson(json), json);
  }
  for (const json of ['"\\u000 "', '"\\u0', '"\\', '\\u', '\\ud800\\u']) {
    assert.throws(() => JSON.parse(storableJson(json)), SyntaxError, json);
  }
});

test('of 20,000 random strings, each is read as its well-formed self without NUL', () => {
  const seed = 11;
  const random = createRandom(seed);
  const pieces = ['\\u0000', '\\ud83d', '\\ude00', '\\uD800', '\\\\', 'u0000', '\\n', '\\"', 'x'];
  for (let count = 0; count < 20_000; count += 1) {
    const length = Math.floor(random() * 8);
    const chosen = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]);
    const json = `"${chosen.join('')}"`;
    const expected = JSON.parse(json).toWellFormed().replaceAll('\0', '\ufffd');
    assert.equal(JSON.parse(storableJson(json)), expected, `seed ${seed}: ${json}`);
  }
});
