import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../src/lib/backoff.ts';

function waits(random: () => number, count: number): number[] {
  const backoff = createBackoff(100, 5000, random);
  return Array.from({ length: count }, () => backoff.nextMs());
}

test('each wait is twice the one before, up to the limit', () => {
  assert.deepEqual(
    waits(() => 0, 8),
    [100, 200, 400, 800, 1600, 3200, 5000, 5000],
  );
});

test('chance takes up to a quarter off each wait, and does not shorten the next one', () => {
  assert.deepEqual(
    waits(() => 1, 3),
    [75, 150, 300],
  );
  assert.deepEqual(
    waits(() => 0.5, 2),
    [88, 175],
  );
});

test('after a success the first wait comes again', () => {
  const backoff = createBackoff(100, 5000, () => 0);
  for (let tries = 0; tries < 10; tries += 1) backoff.nextMs();
  backoff.reset();
  assert.deepEqual([backoff.nextMs(), backoff.nextMs()], [100, 200]);
});
