import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isWellFormed, withChecksum } from '../../src/domain/key-checksum.ts';

const secret = '5p9EpkATTpKYzf1L4Aoj79';

test('the checksum is the CRC-32 of the secret in six characters of base58', () => {
  // The CRC-32 of "123456789" is cbf43926, the check value of that algorithm.
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  const digits = [...withChecksum('123456789').slice(10)].map((one) => alphabet.indexOf(one));
  assert.equal(
    digits.reduce((sum, digit) => sum * 58 + digit, 0),
    0xcbf43926,
  );
});

test('a key with its checksum is well formed with any prefix, and with none', () => {
  for (const prefix of ['', 'live_', 'acme_live_', '_']) {
    assert.ok(isWellFormed(prefix + withChecksum(secret)));
  }
});

test('every single wrong character is noticed, and two that changed places', () => {
  const key = withChecksum(secret);
  for (let at = 0; at < secret.length; at += 1) {
    const other = key[at] === 'z' ? 'y' : 'z';
    assert.equal(isWellFormed(key.slice(0, at) + other + key.slice(at + 1)), false);
    const [a = '', b = ''] = key.slice(at, at + 2);
    if (a === b || b === '0') continue;
    assert.equal(isWellFormed(key.slice(0, at) + b + a + key.slice(at + 2)), false);
  }
  assert.equal(isWellFormed(`${key.slice(0, -1)}${key.endsWith('2') ? '3' : '2'}`), false);
});

test('a key that claims no checksum is well formed: base58 has no zero', () => {
  for (const key of ['', '0', '0123456', secret, `live_${secret}`, 'a0-------', 'x_0abcdef']) {
    assert.ok(isWellFormed(key), key);
  }
});

test('keys of any length end in a mark and six characters', () => {
  for (let count = 0; count < 1000; count += 1) {
    const text = withChecksum(randomBytes(16).toString('hex').replaceAll('0', 'x'));
    assert.match(text, /0[1-9A-HJ-NP-Za-km-z]{6}$/);
    assert.equal(text.length, 32 + 7);
    assert.ok(isWellFormed(text));
  }
});
