import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  foreignKeyHash,
  hashAlgorithms,
  hashKindOf,
  isKeyedHash,
  parseHash,
  splitPrefixedKey,
} from '../../src/domain/hash-algorithms.ts';

const pepper = Buffer.from('pepper');
const none = Buffer.alloc(0);

test('the numbers of the algorithms never change', () => {
  assert.deepEqual(hashAlgorithms.map(hashKindOf), [0, 1, 2, 3, 4]);
  assert.deepEqual(hashAlgorithms, [
    'sha256',
    'github.com/seamapi/prefixed-api-key',
    'sha512',
    'hmac-sha256',
    'hmac-sha512',
  ]);
});

test('each algorithm hashes as its name says', () => {
  const digest = (name: string, text: string) => createHash(name).update(text).digest();
  const hmac = (name: string) => createHmac(name, pepper).update('a_b_c').digest();
  assert.deepEqual(foreignKeyHash('sha256', 'a_b_c', none), digest('sha256', 'a_b_c'));
  assert.deepEqual(foreignKeyHash('sha512', 'a_b_c', none), digest('sha512', 'a_b_c'));
  const prefixed = foreignKeyHash('github.com/seamapi/prefixed-api-key', 'a_b_c', none);
  assert.deepEqual(prefixed, digest('sha256', 'c'));
  assert.deepEqual(foreignKeyHash('hmac-sha256', 'a_b_c', pepper), hmac('sha256'));
  assert.deepEqual(foreignKeyHash('hmac-sha512', 'a_b_c', pepper), hmac('sha512'));
  assert.deepEqual(hashAlgorithms.filter(isKeyedHash), ['hmac-sha256', 'hmac-sha512']);
});

test('a prefixed key has at least three parts, the last two of them tokens', () => {
  assert.deepEqual(splitPrefixedKey('my_app_short_long'), {
    prefix: 'my_app',
    shortToken: 'short',
    longToken: 'long',
  });
  assert.deepEqual(splitPrefixedKey('p_s_'), { prefix: 'p', shortToken: 's', longToken: '' });
  for (const key of ['', 'long', 'short_long']) {
    assert.equal(splitPrefixedKey(key), undefined);
    const hash = foreignKeyHash('github.com/seamapi/prefixed-api-key', key, none);
    assert.equal(hash, undefined);
  }
});

test('a hash is read from hex and from base64, with and without padding', () => {
  for (const algorithm of hashAlgorithms) {
    const hash = foreignKeyHash(algorithm, 'a_b_c', pepper) as Buffer;
    const base64 = hash.toString('base64');
    const texts = [hash.toString('hex'), hash.toString('hex').toUpperCase(), base64];
    for (const text of [...texts, base64.replaceAll('=', '')]) {
      assert.deepEqual(parseHash(algorithm, text), hash);
    }
  }
});

test('what is not a hash of the algorithm is not read as one', () => {
  const hash = foreignKeyHash('sha256', 'key', none) as Buffer;
  const hex = hash.toString('hex');
  const base64 = hash.toString('base64');
  const wrong = ['', 'abc', hex.slice(1), `${hex}0`, hex.replace(/./, 'g'), base64.slice(1)];
  for (const text of [
    ...wrong,
    `${base64}=`,
    `${base64}AAAA`,
    ` ${base64}`,
    base64.replace(/./, '-'),
  ]) {
    assert.equal(parseHash('sha256', text), undefined, text);
  }
  assert.equal(parseHash('sha512', hex), undefined);
});
