import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wakeable } from '../../src/processes/wakeable.ts';

const longMs = 600_000;

test('a pause ends with a wake-up, or at once if that came before', async () => {
  const pause = new Wakeable();
  const waiting = pause.wait(longMs);
  pause.wake();
  await waiting;
  pause.wake();
  await pause.wait(longMs);
});

test('a wake-up ends one pause and not the next', async () => {
  const pause = new Wakeable();
  pause.wake();
  await pause.wait(longMs);
  let isOver = false;
  const next = pause.wait(longMs).then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  assert.equal(isOver, false);
  pause.wake();
  await next;
});
