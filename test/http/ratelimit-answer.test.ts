import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitResultJson, multiLimitResultJson } from '../../src/http/ratelimit-answer.ts';
import type { DecidedLimit } from '../../src/verify/decide-limits.ts';

function decided(more: Partial<DecidedLimit> = {}): DecidedLimit {
  return {
    item: { namespace: 'email', identifier: 'user_1', limit: 10, duration: 60_000 },
    namespaceId: 'rlns_1',
    overrideId: '',
    limit: 10,
    remaining: 9,
    resetAtMs: 1_800_000_000_000,
    isPassed: true,
    ...more,
  };
}

test('a decision has the fields of the contract, and no others', () => {
  assert.deepEqual(JSON.parse(limitResultJson(decided())), {
    success: true,
    limit: 10,
    remaining: 9,
    reset: 1_800_000_000_000,
  });
  const refused = decided({ isPassed: false, remaining: 0, limit: 0, overrideId: 'rlor_1' });
  assert.deepEqual(JSON.parse(limitResultJson(refused)), {
    success: false,
    limit: 0,
    remaining: 0,
    reset: 1_800_000_000_000,
    overrideId: 'rlor_1',
  });
});

test('several decisions come back in their order, under the names that the request used', () => {
  const odd = { namespace: ' "ü\\\u0001', identifier: '😀\n', limit: 1, duration: 1000 };
  const limits = [decided(), decided({ item: odd, isPassed: false, overrideId: 'rlor_1' })];
  assert.deepEqual(JSON.parse(multiLimitResultJson(false, limits)), {
    passed: false,
    limits: [
      {
        namespace: 'email',
        identifier: 'user_1',
        limit: 10,
        remaining: 9,
        reset: 1_800_000_000_000,
        passed: true,
      },
      {
        namespace: odd.namespace,
        identifier: odd.identifier,
        limit: 10,
        remaining: 9,
        reset: 1_800_000_000_000,
        passed: false,
        overrideId: 'rlor_1',
      },
    ],
  });
});
