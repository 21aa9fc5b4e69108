import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from '../../src/lib/in-turn.ts';

test('what is asked for during the work is done once more, and never beside it', async () => {
  const ends: (() => void)[] = [];
  const ask = inTurn(() => new Promise((resolve) => ends.push(resolve)));
  const asked = ask();
  await ask();
  await ask();
  assert.equal(ends.length, 1, 'it is not done twice at a time');
  ends[0]?.();
  await Promise.resolve();
  assert.equal(ends.length, 2, 'two who asked meanwhile have it done once');
  ends[1]?.();
  await asked;
  void ask();
  assert.equal(ends.length, 3, 'and it begins at once when nothing is under way');
});
