import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { keyHash } from '../../src/domain/key-hash.ts';

test('it is SHA-256 over the whole key as UTF-8, 32 bytes', () => {
  const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.equal(keyHash('abc').toString('hex'), known);
  for (const key of ['', 'acme_3kZ', 'ключ', '😀', 'x'.repeat(512), '\u0000', '\u00ff']) {
    const expected = createHash('sha256').update(key, 'utf8').digest();
    assert.deepEqual(keyHash(key), expected);
    assert.equal(keyHash(key).length, 32);
  }
});

test('a key that is no Unicode text has a hash as well', () => {
  assert.equal(keyHash('\ud800').length, 32);
});
