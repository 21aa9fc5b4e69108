import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomes } from '../../src/domain/outcome.ts';
import { toVerificationEvent } from '../../src/http/verification-record.ts';
import { callerWith, plainKey, plainRecord, SmallWorld } from '../verify/small-world.ts';

const circumstances = { requestId: 'req_1', timeMs: 1_800_000_000_000, latencyUs: 7 };

function eventOf(world: SmallWorld, tags?: string[]) {
  const request = { key: plainKey, credits: { cost: 2 }, ...(tags && { tags }) };
  const call = { principal: world.caller, request };
  return toVerificationEvent(world.verdict(request), call, circumstances);
}

test('a verification is kept with whose key it was, what came of it and what it cost', () => {
  const world = new SmallWorld();
  world.putIdentity();
  world.putKey({ identityId: 'id_1', hasCredits: true });
  world.lease(3);
  assert.deepEqual(eventOf(world, ['eu', 'eu', '']), {
    ...circumstances,
    ...{ workspaceId: 'ws_1', keyspaceId: 'ks_1', keyId: 'key_1' },
    ...{ identityId: 'id_1', externalId: 'user_1' },
    ...{ outcome: 'VALID', tags: ['eu', 'eu', ''], spentCredits: 2 },
    ...{ method: '', path: '', clientAddress: '' },
  });
  const refused = eventOf(world);
  assert.deepEqual([refused.outcome, refused.spentCredits], ['USAGE_EXCEEDED', 0]);
});

test('of a key that is not there for the caller, only that it was asked for is kept', () => {
  const world = new SmallWorld();
  const kept = {
    ...circumstances,
    ...{ workspaceId: 'ws_1', keyspaceId: '', keyId: '', identityId: '', externalId: '' },
    ...{ outcome: 'NOT_FOUND', tags: ['a'], spentCredits: 0 },
    ...{ method: '', path: '', clientAddress: '' },
  };
  world.caller = callerWith('api.api_2.verify_key');
  assert.deepEqual(eventOf(world, ['a']), kept);
  world.putKey({ workspaceId: 'ws_2', identityId: 'id_1' });
  assert.deepEqual(eventOf(world, ['a']), kept);
  world.removeKey();
  assert.deepEqual(eventOf(world, ['a']), kept);
});

test('what a proxy says of the original request is kept', () => {
  const world = new SmallWorld();
  const original = { method: 'GET', path: '/orders', clientAddress: '198.51.100.7' };
  const call = { principal: world.caller, request: { key: plainKey }, original };
  const event = toVerificationEvent(world.verdict(), call, circumstances);
  assert.deepEqual([event.method, event.path, event.clientAddress], Object.values(original));
});

test('the plaintext of a key is in no event, whatever came of it', () => {
  const world = new SmallWorld();
  const verdict = { ...world.verdict(), key: plainRecord };
  for (const outcome of outcomes) {
    const call = { principal: world.caller, request: { key: plainKey, tags: ['a'] } };
    const event = toVerificationEvent({ ...verdict, outcome } as never, call, circumstances);
    assert.equal(event.outcome, outcome);
    assert.ok(!JSON.stringify(event).includes(plainKey));
  }
});
