import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSealingKey, openVault, seal, unseal, type Vault } from '../../src/control/vault.ts';

const one = Buffer.alloc(32, 1).toString('base64');
const two = Buffer.alloc(32, 2).toString('base64');

function vaultOf(setting: string): Vault {
  const opened = openVault(setting);
  assert.ok(opened.ok, setting);
  return opened.vault;
}

test('what is sealed opens under the same key in the same context, and only there', () => {
  const key = newSealingKey();
  const sealed = seal(key, Buffer.from('secret'), 'ws_1/key_1');
  assert.equal(unseal(key, sealed, 'ws_1/key_1')?.toString(), 'secret');
  assert.equal(unseal(key, sealed, 'ws_1/key_2'), undefined);
  assert.equal(unseal(newSealingKey(), sealed, 'ws_1/key_1'), undefined);
});

test('every change of a byte, and every cut, is noticed', () => {
  const key = newSealingKey();
  const sealed = seal(key, Buffer.from('secret'), 'context');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(unseal(key, changed, 'context'), undefined);
    assert.equal(unseal(key, sealed.subarray(0, at), 'context'), undefined);
  }
});

test('the same secret is never sealed to the same bytes', () => {
  const key = newSealingKey();
  const texts = Array.from({ length: 100 }, () => seal(key, Buffer.from('x'), '').toString('hex'));
  assert.equal(new Set(texts).size, 100);
});

test('the first master key seals and every one opens', () => {
  const old = vaultOf(one).wrap(Buffer.from('secret'), 'c');
  const both = vaultOf(`${two}, ${one}`);
  assert.equal(both.unwrap(old, 'c')?.toString(), 'secret');
  const renewed = both.wrap(Buffer.from('secret'), 'c');
  assert.equal(renewed.masterKey, vaultOf(two).masterKey);
  assert.equal(vaultOf(one).unwrap(renewed, 'c'), undefined);
});

test('a setting is keys with commas or line breaks, blanks and comments', () => {
  const { masterKey } = vaultOf(one);
  for (const setting of [`${one}\n`, `# newest\n${one} # in use\n\n${two}`, ` ${one} ,${two},`]) {
    assert.equal(vaultOf(setting).masterKey, masterKey);
  }
});

test('a setting that is not keys is refused without showing any of it', () => {
  for (const setting of ['', ' # none', 'short', `${one},${one.slice(4)}`, `${one}=`]) {
    const opened = openVault(setting);
    assert.ok(!opened.ok, setting);
    assert.ok(!opened.problem.includes(one.slice(0, 8)));
  }
});
