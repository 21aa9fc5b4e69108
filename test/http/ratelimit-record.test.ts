import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRatelimitEvent } from '../../src/http/ratelimit-record.ts';
import type { DecidedLimit } from '../../src/verify/decide-limits.ts';

const item = { namespace: 'email', identifier: 'user_1', limit: 10, duration: 60_000 };
const passed: DecidedLimit = {
  item: { ...item, cost: 3 },
  namespaceId: 'rlns_1',
  overrideId: 'rlor_1',
  limit: 20,
  remaining: 17,
  resetAtMs: 60_000,
  isPassed: true,
};
const of = { requestId: 'req_1', workspaceId: 'ws_1', timeMs: 5, latencyUs: 7, isCounted: true };

test('what is kept of a decision is what the caller read of it', () => {
  assert.deepEqual(toRatelimitEvent(passed, of), {
    requestId: 'req_1',
    timeMs: 5,
    workspaceId: 'ws_1',
    namespaceId: 'rlns_1',
    identifier: 'user_1',
    isPassed: true,
    overrideId: 'rlor_1',
    limit: 20,
    remaining: 17,
    resetAtMs: 60_000,
    tokens: 3,
    latencyUs: 7,
  });
});

test('the tokens of what has passed are those that were counted', () => {
  const tokens = (decided: DecidedLimit, isCounted: boolean) =>
    toRatelimitEvent(decided, { ...of, isCounted }).tokens;
  assert.equal(tokens({ ...passed, item }, true), 1);
  assert.equal(tokens({ ...passed, item: { ...item, cost: 0 } }, true), 0);
  assert.equal(tokens(passed, false), 0);
  assert.equal(tokens({ ...passed, isPassed: false }, false), 3);
});
