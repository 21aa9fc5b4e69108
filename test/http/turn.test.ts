import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Turn } from '../../src/http/turn.ts';
import type { HttpResponse } from '../../src/http/uws.ts';

class Recorder {
  readonly turn = new Turn();
  readonly steps: string[] = [];
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
}

test('what one turn brings is decided in its order, and then answered', async () => {
  const recorder = new Recorder();
  recorder.come('a');
  recorder.come('b');
  assert.deepEqual(recorder.steps, []);
  await endOfTurn();
  assert.deepEqual(recorder.steps, ['a decided', 'b decided', 'a answered', 'b answered']);
  recorder.come('c');
  await endOfTurn();
  assert.deepEqual(recorder.steps.slice(4), ['c decided', 'c answered']);
});

test('who has gone away meanwhile is not decided about', async () => {
  const recorder = new Recorder();
  const caller = { isAborted: false };
  recorder.come('a', caller);
  recorder.come('b');
  caller.isAborted = true;
  await endOfTurn();
  assert.deepEqual(recorder.steps, ['b decided', 'b answered']);
});

test('an answer that had to wait for something waits for nobody else', async () => {
  const recorder = new Recorder();
  recorder.come('a');
  recorder.answer('late');
  assert.deepEqual(recorder.steps, ['late answered']);
  await endOfTurn();
  assert.deepEqual(recorder.steps.slice(1), ['a decided', 'a answered']);
});

test('of very many the first ones are answered before the last ones are decided', async () => {
  const recorder = new Recorder();
  for (let index = 0; index < 130; index += 1) recorder.come(String(index));
  await endOfTurn();
  assert.equal(recorder.steps.length, 260);
  const firstAnswer = recorder.steps.findIndex((step) => step.endsWith('answered'));
  assert.equal(firstAnswer, 64);
  assert.ok(recorder.steps.indexOf('63 answered') < recorder.steps.indexOf('64 decided'));
  assert.ok(recorder.steps.indexOf('127 answered') < recorder.steps.indexOf('128 decided'));
});
