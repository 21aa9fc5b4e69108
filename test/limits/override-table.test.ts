import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileOverrides } from '../../src/limits/override-table.ts';
import { createRandom } from '../support/random.ts';

function tableOf(...identifiers: string[]) {
  return compileOverrides(
    identifiers.map((identifier, index) => ({
      overrideId: `rlor_${index}`,
      identifier,
      limit: index,
      durationMs: 1000,
    })),
  );
}

test('without overrides there is none for anybody', () => {
  assert.equal(tableOf().find('user_1'), undefined);
  assert.equal(tableOf('user_1').find('user_2'), undefined);
});

test('the exact identifier comes before any pattern, a pattern of that text included', () => {
  const table = tableOf('*', 'user_1', 'user_*', 'user_1*');
  assert.equal(table.find('user_1')?.identifier, 'user_1');
  assert.equal(table.find('user_*')?.identifier, 'user_*');
});

test('of several patterns more literal characters win, then fewer stars, then the order', () => {
  const patterns = ['*', '*a*', 'a*', '*b', 'ab*', 'a*b', '*a*b', 'a*c*'];
  const rows: [identifier: string, winner: string | undefined][] = [
    ['ab', 'a*b'],
    ['abc', 'ab*'],
    ['axb', 'a*b'],
    ['xab', '*a*b'],
    ['xb', '*b'],
    ['ax', 'a*'],
    ['xa', '*a*'],
    ['axc', 'a*c*'],
    ['', '*'],
  ];
  for (const [identifier, winner] of rows) {
    assert.equal(tableOf(...patterns).find(identifier)?.identifier, winner, identifier);
  }
});

test('the winner does not depend on the order in which the overrides come', () => {
  const random = createRandom(3);
  const patterns = ['*', '*a', 'a*', '*b*', 'a*b', 'b*a', '*ab', 'ab*', '*a*b*', 'a**'];
  const identifiers = ['a', 'b', 'ab', 'ba', 'aab', 'abb', 'bab', 'aba', 'abab'];
  const winners = (table: ReturnType<typeof tableOf>) =>
    identifiers.map((identifier) => table.find(identifier)?.identifier);
  const expected = winners(tableOf(...patterns));
  for (let round = 0; round < 200; round += 1) {
    const shuffled = patterns
      .map((pattern) => ({ pattern, place: random() }))
      .sort((one, other) => one.place - other.place)
      .map(({ pattern }) => pattern);
    assert.deepEqual(winners(tableOf(...shuffled)), expected);
  }
});
