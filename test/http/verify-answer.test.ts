import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyKeyResult } from '../../src/contract/verify-key.ts';
import { verifyResultJson } from '../../src/http/verify-answer.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { violatedLocations } from '../support/schema-checks.ts';
import {
  type KnownVerdict,
  limitOf,
  plainApi,
  plainIdentity,
  plainRecord,
  startMs,
} from '../verify/small-world.ts';

const plainVerdict: KnownVerdict = {
  key: plainRecord,
  api: plainApi,
  identity: undefined,
  permissions: new Set(),
  roles: [],
  outcome: 'VALID',
  checkedLimits: [],
  remainingCredits: undefined,
  spentCredits: 0,
};

/** The answer as an object; it must be one of the contract's. */
function answered(verdict: Verdict): unknown {
  const result = JSON.parse(verifyResultJson(verdict));
  assert.deepEqual(violatedLocations(verifyKeyResult, result), []);
  return result;
}

test('of a key that is not found, only that is told', () => {
  assert.equal(verifyResultJson({ outcome: 'NOT_FOUND' }), '{"valid":false,"code":"NOT_FOUND"}');
});

test('what is unset or empty is left out', () => {
  assert.deepEqual(answered(plainVerdict), {
    ...{ valid: true, code: 'VALID', keyId: 'key_1', enabled: true },
  });
  const identity = { id: 'id_1', externalId: 'user_1' };
  const found = answered({ ...plainVerdict, identity: plainIdentity }) as { identity: unknown };
  assert.deepEqual(found.identity, identity);
});

test('everything that is set is told, in the contract’s form', () => {
  const name = 'a "name" \\ with \u2028 \ud800 and 😀';
  const own = limitOf('requests');
  const shared = limitOf('tokens', { limit: 9, autoApply: false });
  const checked = { remaining: 4, resetAtMs: startMs + 60_000, isExceeded: false };
  const result = answered({
    ...plainVerdict,
    key: { ...plainRecord, name, metaJson: '{"plan":{"of":["pro"]}}', expiresAtMs: startMs },
    identity: { ...plainIdentity, metaJson: '{"seats":3}', limits: [shared] },
    permissions: new Set(['docs.read', 'docs.write']),
    roles: ['an "admin"'],
    checkedLimits: [{ ...own, ...checked }],
    remainingCredits: 0,
  });
  const told = { id: 'rl_requests', name: 'requests', limit: 5, duration: 60_000, autoApply: true };
  assert.deepEqual(result, {
    ...{ valid: true, code: 'VALID', keyId: 'key_1', enabled: true, name, credits: 0 },
    meta: { plan: { of: ['pro'] } },
    expires: startMs,
    permissions: ['docs.read', 'docs.write'],
    roles: ['an "admin"'],
    identity: {
      ...{ id: 'id_1', externalId: 'user_1', meta: { seats: 3 } },
      ratelimits: [
        { id: 'rl_tokens', name: 'tokens', limit: 9, duration: 60_000, autoApply: false },
      ],
    },
    ratelimits: [{ ...told, remaining: 4, reset: startMs + 60_000, exceeded: false }],
  });
});

test('a limit of the identity that the key hides is not among the identity’s', () => {
  const key = { ...plainRecord, limits: [limitOf('requests')] };
  const identity = { ...plainIdentity, limits: [limitOf('requests', { limit: 9 })] };
  const result = answered({ ...plainVerdict, key, identity }) as { identity: object };
  assert.deepEqual(result.identity, { id: 'id_1', externalId: 'user_1' });
});

test('only VALID is valid, and a disabled workspace is told as FORBIDDEN', () => {
  const codes = [
    ...['FORBIDDEN', 'INSUFFICIENT_PERMISSIONS', 'USAGE_EXCEEDED', 'RATE_LIMITED'],
    ...['DISABLED', 'EXPIRED'],
  ] as KnownVerdict['outcome'][];
  for (const outcome of codes) {
    const { valid, code } = answered({ ...plainVerdict, outcome }) as Record<string, unknown>;
    assert.deepEqual([valid, code], [false, outcome]);
  }
  const result = answered({ ...plainVerdict, outcome: 'WORKSPACE_DISABLED' });
  assert.deepEqual(result, { valid: false, code: 'FORBIDDEN', keyId: 'key_1', enabled: true });
});
