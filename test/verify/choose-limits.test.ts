import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerifyKeyBody } from '../../src/contract/verify-key.ts';
import type { LimitConfig } from '../../src/domain/records.ts';
import { chooseLimits, toLimitRequest } from '../../src/verify/choose-limits.ts';
import type { Subject } from '../../src/verify/verdict.ts';
import { known, limitOf, plainApi, plainIdentity, plainRecord, SmallWorld } from './small-world.ts';

type Limits = { key?: LimitConfig[]; identity?: LimitConfig[] };

function choose(limits: Limits, requested?: VerifyKeyBody['ratelimits']) {
  const subject: Subject = {
    key: { ...plainRecord, limits: limits.key ?? [] },
    api: plainApi,
    identity: limits.identity && { ...plainIdentity, limits: limits.identity },
    permissions: new Set(),
    roles: [],
  };
  return chooseLimits(subject, requested);
}

/** `name:limit/duration ×cost @whom` of each limit chosen, sorted. */
function chosen(limits: Limits, requested?: VerifyKeyBody['ratelimits']): string[] {
  const choice = choose(limits, requested);
  assert.ok(choice.ok);
  return choice.limits
    .map(({ config, cost, identifier }) => {
      return `${config.name}:${config.limit}/${config.durationMs} ×${cost} @${identifier}`;
    })
    .sort();
}

const own = limitOf('requests', { limit: 3 });
const shared = limitOf('requests', { limit: 9 });
const onDemand = limitOf('tokens', { limit: 7, autoApply: false });

test('limits of key and identity that always apply are checked at cost 1, others are not', () => {
  assert.deepEqual(chosen({}), []);
  assert.deepEqual(chosen({ key: [own, onDemand] }), ['requests:3/60000 ×1 @key_1']);
  assert.deepEqual(chosen({ key: [onDemand], identity: [shared] }), ['requests:9/60000 ×1 @id_1']);
});

test('a limit of the key hides the identity’s of the same name, even if it is not applied', () => {
  assert.deepEqual(chosen({ key: [own], identity: [shared] }), ['requests:3/60000 ×1 @key_1']);
  const quiet = { ...own, autoApply: false };
  assert.deepEqual(chosen({ key: [quiet], identity: [shared] }), []);
  assert.deepEqual(chosen({ key: [quiet], identity: [shared] }, [{ name: 'requests' }]), [
    'requests:3/60000 ×1 @key_1',
  ]);
});

test('a limit that is named counts at the cost of the request, 1 without it, and 0 too', () => {
  assert.deepEqual(chosen({ key: [own] }, [{ name: 'requests', cost: 2 }]), [
    'requests:3/60000 ×2 @key_1',
  ]);
  assert.deepEqual(chosen({ key: [onDemand] }, [{ name: 'tokens' }]), ['tokens:7/60000 ×1 @key_1']);
  assert.deepEqual(chosen({ identity: [onDemand] }, [{ name: 'tokens', cost: 0 }]), [
    'tokens:7/60000 ×0 @id_1',
  ]);
});

test('with limit and duration an item is a limit of its own and replaces its namesake', () => {
  const item = { name: 'requests', limit: 2, duration: 5000, cost: 4 };
  const expected = ['requests:2/5000 ×4 @key_1'];
  for (const limits of [{}, { key: [own] }, { identity: [shared] }]) {
    assert.deepEqual(chosen(limits, [item]), expected);
  }
  const choice = choose({ key: [own] }, [item]);
  assert.deepEqual(choice.ok && choice.limits[0]?.config, {
    ...{ limitId: '', name: 'requests', limit: 2, durationMs: 5000, autoApply: false },
  });
});

test('limit or duration alone is ignored', () => {
  for (const part of [{ limit: 1 }, { duration: 5000 }]) {
    assert.deepEqual(chosen({ key: [own] }, [{ name: 'requests', ...part }]), [
      'requests:3/60000 ×1 @key_1',
    ]);
    const choice = choose({}, [{ name: 'requests', ...part }]);
    assert.deepEqual(choice, { ok: false, unknownName: 'requests' });
  }
});

test('of items with the same name the later one counts, alone', () => {
  const adHoc = { name: 'requests', limit: 2, duration: 5000 };
  assert.deepEqual(chosen({ key: [own] }, [adHoc, { name: 'requests', cost: 5 }]), [
    'requests:3/60000 ×5 @key_1',
  ]);
  assert.deepEqual(chosen({ key: [own] }, [{ name: 'requests', cost: 5 }, adHoc]), [
    'requests:2/5000 ×1 @key_1',
  ]);
});

test('names are told apart by case', () => {
  assert.deepEqual(choose({ key: [own] }, [{ name: 'Requests' }]), {
    ...{ ok: false, unknownName: 'Requests' },
  });
});

test('a window that is too short for the counters is the shortest that they can count', () => {
  assert.deepEqual(chosen({}, [{ name: 'burst', limit: 2, duration: 1 }]), [
    'burst:2/1000 ×1 @key_1',
  ]);
});

test('a limit of 0 admits nothing, not even a look', () => {
  const world = new SmallWorld();
  for (const cost of [0, 1]) {
    const none = { name: 'nothing', limit: 0, duration: 1000, cost };
    assert.equal(known(world.verdict({ ratelimits: [none] })).outcome, 'RATE_LIMITED');
  }
});

test('keys of an identity share its limits and keep their own', () => {
  const world = new SmallWorld();
  const both = limitOf('both', { limit: 1 });
  world.putIdentity({ limits: [both] });
  world.putKey({ identityId: 'id_1' });
  world.putKey({ keyId: 'key_2', identityId: 'id_1' }, 'second');
  assert.equal(world.code(), 'VALID');
  assert.equal(world.code({ key: 'second' }), 'RATE_LIMITED');
  world.putKey({ limits: [both] });
  world.putKey({ keyId: 'key_2', limits: [both] }, 'second');
  assert.equal(world.code(), 'VALID');
  assert.equal(world.code({ key: 'second' }), 'VALID');
});

test('workspace, name, identifier and duration make the counter', () => {
  const limit = { config: own, cost: 2, identifier: 'key_1' };
  assert.deepEqual(toLimitRequest('ws_1', limit), {
    ...{ workspaceId: 'ws_1', scope: 'requests', identifier: 'key_1' },
    ...{ durationMs: 60_000, limit: 3, cost: 2 },
  });
});
