import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Turn } from '../../src/http/turn.ts';
import type { HttpResponse } from '../../src/http/uws.ts';

class Recorder {
  readonly turn = new Turn();
  steps: string[] = [];
  readonly #response = { cork: (write: () => void) => write() } as HttpResponse;

  come(name: string, exchange = { isAborted: false }): void {
    this.turn.decide(exchange, () => {
      this.steps.push(`${name} decided`);
      this.answer(name);
    });
  }

  answer(name: string): void {
    this.turn.answer(this.#response, () => this.steps.push(`${name} answered`));
  }

  comeMany(count: number): void {
    for (let index = 0; index < count; index += 1) this.come(String(index));
  }

  /** One turn with many requests, forgotten. */
  async crowd(): Promise<void> {
    this.comeMany(8);
    await endOfTurn();
    this.steps = [];
  }
}

test('where few come each is decided and answered at once', async () => {
  const recorder = new Recorder();
  for (let round = 0; round < 3; round += 1) {
    recorder.steps = [];
    recorder.comeMany(2);
    assert.deepEqual(recorder.steps, ['0 decided', '0 answered', '1 decided', '1 answered']);
    await endOfTurn();
  }
  assert.equal(recorder.turn.isCrowded, false);
});

test('after a crowded turn all are decided at the end of the next, and then answered', async () => {
  const recorder = new Recorder();
  await recorder.crowd();
  assert.equal(recorder.turn.isCrowded, true);
  recorder.come('a');
  recorder.come('b');
  assert.deepEqual(recorder.steps, []);
  await endOfTurn();
  assert.deepEqual(recorder.steps, ['a decided', 'b decided', 'a answered', 'b answered']);
  recorder.come('c');
  assert.deepEqual(recorder.steps.slice(4), ['c decided', 'c answered']);
});

test('who has gone away meanwhile is not decided about', async () => {
  const recorder = new Recorder();
  await recorder.crowd();
  const caller = { isAborted: false };
  recorder.come('a', caller);
  recorder.come('b');
  caller.isAborted = true;
  await endOfTurn();
  assert.deepEqual(recorder.steps, ['b decided', 'b answered']);
});

test('an answer that had to wait for something waits for nobody else', async () => {
  const recorder = new Recorder();
  await recorder.crowd();
  recorder.come('a');
  recorder.answer('late');
  assert.deepEqual(recorder.steps, ['late answered']);
  await endOfTurn();
  assert.deepEqual(recorder.steps.slice(1), ['a decided', 'a answered']);
});

test('of very many the first ones are answered before the last ones are decided', async () => {
  const recorder = new Recorder();
  await recorder.crowd();
  recorder.comeMany(70);
  await endOfTurn();
  assert.equal(recorder.steps.length, 140);
  assert.equal(
    recorder.steps.findIndex((step) => step.endsWith('answered')),
    32,
  );
  assert.ok(recorder.steps.indexOf('31 answered') < recorder.steps.indexOf('32 decided'));
  assert.ok(recorder.steps.indexOf('63 answered') < recorder.steps.indexOf('64 decided'));
});
