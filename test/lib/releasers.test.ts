import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createReleasers } from '../../src/lib/releasers.ts';

test('what came last is released first, each when the one before has ended', async () => {
  const seen: string[] = [];
  const releasers = createReleasers((name) => seen.push(`release ${name}`));
  for (const name of ['one', 'two', 'three']) {
    releasers.push(name, async () => {
      await setImmediate();
      seen.push(`${name} ended`);
    });
  }
  await releasers.releaseAll();
  const expected = ['three', 'two', 'one'].flatMap((name) => [`release ${name}`, `${name} ended`]);
  assert.deepEqual(seen, expected);
});

test('one that fails keeps no other from running, and all failures are told by name', async () => {
  const seen: string[] = [];
  const releasers = createReleasers();
  releasers.push('first', () => seen.push('first'));
  releasers.push('throwing', () => {
    throw new Error('at once');
  });
  releasers.push('rejecting', () => Promise.reject(new Error('later')));
  releasers.push('last', () => seen.push('last'));
  await assert.rejects(releasers.releaseAll(), (error: AggregateError) => {
    assert.deepEqual(
      error.errors.map((one) => [one.message, one.cause.message]),
      [
        ['releasing rejecting', 'later'],
        ['releasing throwing', 'at once'],
      ],
    );
    return true;
  });
  assert.deepEqual(seen, ['last', 'first']);
});

test('a second call waits for the first and releases nothing again', async () => {
  let count = 0;
  const releasers = createReleasers();
  releasers.push('slow', async () => {
    await setImmediate();
    count += 1;
  });
  await Promise.all([releasers.releaseAll(), releasers.releaseAll()]);
  await releasers.releaseAll();
  assert.equal(count, 1);
});

test('what comes to life while the others are released is released too', async () => {
  const seen: string[] = [];
  const releasers = createReleasers();
  releasers.push('first', () => seen.push('first'));
  releasers.push('second', () => releasers.push('late', () => seen.push('late')));
  await releasers.releaseAll();
  assert.deepEqual(seen, ['late', 'first']);
});
