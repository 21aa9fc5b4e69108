import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdKind, idPrefixes, newId } from '../../src/domain/ids.ts';

test('an id is the prefix of its kind and nine letters or digits', () => {
  for (const kind of Object.keys(idPrefixes) as IdKind[]) {
    assert.match(newId(kind), new RegExp(`^${idPrefixes[kind]}_[A-Za-z0-9]{9}$`));
  }
});

test('no two kinds share a prefix', () => {
  const prefixes = Object.values(idPrefixes);
  assert.equal(new Set(prefixes).size, prefixes.length);
});

test('every letter and digit comes about equally often, and no id twice', () => {
  const ids = new Set<string>();
  const counts = new Map<string, number>();
  for (let made = 0; made < 20_000; made += 1) {
    const id = newId('key');
    ids.add(id);
    for (const letter of id.slice('key_'.length)) {
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
  }
  assert.equal(ids.size, 20_000);
  assert.equal(counts.size, 62);
  // 2,903 are expected of each, and 54 are one standard deviation.
  for (const [letter, count] of counts) assert.ok(Math.abs(count - 2903) < 8 * 54, letter);
});
