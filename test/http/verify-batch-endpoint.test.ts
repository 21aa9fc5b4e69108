import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerificationEvent } from '../../src/domain/verification-event.ts';
import type { JudgePorts } from '../../src/http/judge.ts';
import { answerBatch } from '../../src/http/verify-batch-endpoint.ts';
import { limitOf, plainKey, SmallWorld } from '../verify/small-world.ts';
import { recordExchange } from './recorded-exchange.ts';

const noLease = { outcome: 'no-lease', left: 0, unleased: 0 } as const;

function batchOver(world: SmallWorld, leased: JudgePorts['credits']['spendLeased']) {
  const events: VerificationEvent[] = [];
  const ports: JudgePorts = {
    lookup: world.lookup,
    limits: world.limits,
    credits: { spend: (keyId, cost) => world.credits.spend(keyId, cost), spendLeased: leased },
    pepperOf: () => undefined,
    completeFirstUse: async () => {},
    record: (event) => events.push(event),
    clock: () => world.nowMs,
    stopwatch: () => 0,
  };
  const { exchange, body: answerBody } = recordExchange();
  const answered = answerBatch.bind(undefined, ports, exchange);
  return {
    events,
    requestId: exchange.requestId,
    answer: () => JSON.parse(answerBody() ?? 'null'),
    send: (body: unknown[]) => answered({ principal: world.caller, body, isQuick: false }),
  };
}

const codesOf = (answer: { data: { code?: string; error?: { status: number } }[] }) =>
  answer.data.map((item) => item.code ?? item.error?.status);

test('each item is judged as if it had come alone, in the order of the body', async () => {
  const world = new SmallWorld();
  world.putKey({ limits: [limitOf('requests', { limit: 2 })] });
  const { send, answer, events, requestId } = batchOver(world, async () => noLease);
  const good = { key: plainKey };
  await send([good, { key: 'unknown' }, good, { ...good, permissions: 'docs.write' }, good]);
  const codes = ['VALID', 'NOT_FOUND', 'VALID', 'INSUFFICIENT_PERMISSIONS', 'RATE_LIMITED'];
  assert.deepEqual(codesOf(answer()), codes);
  assert.equal(answer().meta.requestId, requestId);
  assert.deepEqual(
    events.map((event) => event.outcome),
    codes,
  );
  assert.ok(events.every((event) => event.requestId === requestId));
});

test('an item that is wrong gets its own error, spoils no other and leaves no event', async () => {
  const world = new SmallWorld();
  const { send, answer, events } = batchOver(world, async () => noLease);
  const wrong = [null, { key: '' }, { key: plainKey, apiId: 'api_1' }, 'key'];
  await send([...wrong, { key: plainKey }, { key: plainKey, permissions: 'AND' }]);
  assert.deepEqual(codesOf(answer()), [400, 400, 400, 400, 'VALID', 400]);
  assert.deepEqual(answer().data[1].error.errors[0].location, '/properties/key/minLength');
  assert.deepEqual(answer().data[5].error.errors, []);
  assert.equal(events.length, 1);
});

test('a batch that needs no lease is answered before the handler returns', () => {
  const { send, answer } = batchOver(new SmallWorld(), async () => noLease);
  void send([{ key: plainKey }, { key: 'unknown' }]);
  assert.deepEqual(codesOf(answer()), ['VALID', 'NOT_FOUND']);
});

test('who waits for a lease keeps its place; an unreachable lease is its own error', async () => {
  const world = new SmallWorld();
  world.putKey({ hasCredits: true });
  world.putKey({ keyId: 'key_2', hasCredits: true }, 'second');
  world.putKey({ keyId: 'key_3' }, 'third');
  world.putKey({ keyId: 'key_4', hasCredits: true, isEnabled: false }, 'fourth');
  const { send, answer, events } = batchOver(world, async (keyId) =>
    keyId === 'key_1' ? { outcome: 'spent', left: 4, unleased: 0 } : undefined,
  );
  await send([{ key: plainKey }, { key: 'second' }, { key: 'third' }, { key: 'fourth' }]);
  assert.deepEqual(codesOf(answer()), ['VALID', 500, 'VALID', 'DISABLED']);
  assert.equal(answer().data[0].credits, 4);
  assert.equal(answer().data[3].credits, undefined);
  assert.equal(events.length, 3);
});
