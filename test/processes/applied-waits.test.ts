import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createAppliedWaits } from '../../src/processes/applied-waits.ts';

test('each wait is asked under a number of its own and ends with the answer to that', async () => {
  const asked: number[] = [];
  const waits = createAppliedWaits((waitId) => asked.push(waitId));
  const [first, second] = [waits.wait(), waits.wait()];
  assert.equal(new Set(asked).size, 2);
  waits.resolve(asked[1] as number);
  assert.equal(await second, true);
  waits.resolve(asked[0] as number);
  assert.equal(await first, true);
});

test('a wait that is not answered in time is late, and its answer has no effect', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let asked = 0;
    const waits = createAppliedWaits((waitId) => {
      asked = waitId;
    });
    const waiting = waits.wait();
    mock.timers.tick(2000);
    assert.equal(await waiting, false);
    waits.resolve(asked);
    waits.resolve(99);
  } finally {
    mock.timers.reset();
  }
});

test('an answer that comes before the question returns counts', async () => {
  const waits = createAppliedWaits((waitId) => waits.resolve(waitId));
  assert.equal(await waits.wait(), true);
});
