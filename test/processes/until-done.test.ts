import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilDone } from '../../src/processes/until-done.ts';

const never = new AbortController().signal;

test('it tries until it works, and tells of each failure', async () => {
  const told: string[] = [];
  let tries = 0;
  const done = await untilDone({
    async work() {
      tries += 1;
      if (tries < 3) throw new Error(`try ${tries}`);
      return 'done';
    },
    onFailure(error) {
      told.push((error as Error).message);
      return false;
    },
    signal: never,
  });
  assert.equal(done, 'done');
  assert.deepEqual(told, ['try 1', 'try 2']);
});

test('a failure that is final is the last one', async () => {
  let tries = 0;
  const failing = untilDone({
    async work() {
      tries += 1;
      throw new Error('final');
    },
    onFailure: () => true,
    signal: never,
  });
  await assert.rejects(failing, { message: 'final' });
  assert.equal(tries, 1);
});

test('an abort ends the waiting for the next try, and lets no first one begin', async () => {
  const stopping = new AbortController();
  let tries = 0;
  const attempts = {
    async work() {
      tries += 1;
      throw new Error('away');
    },
    onFailure() {
      setImmediate(() => stopping.abort());
      return false;
    },
    signal: stopping.signal,
  };
  await assert.rejects(untilDone(attempts), { name: 'AbortError' });
  await assert.rejects(untilDone(attempts), { name: 'AbortError' });
  assert.equal(tries, 1);
});
