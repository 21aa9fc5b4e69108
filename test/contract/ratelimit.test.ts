import { test } from 'node:test';
import * as schemas from '../../src/contract/ratelimit.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const override = { namespace: 'email.send', identifier: 'user_*' };
const check = { namespace: 'email.send', identifier: 'user_1', limit: 10, duration: 60_000 };

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    ['ratelimit.limit', schemas.limitBody, (unkey) => unkey.ratelimit.limit(check)],
    [
      'ratelimit.multiLimit',
      schemas.multiLimitBody,
      (unkey) => unkey.ratelimit.multiLimit([check, { ...check, cost: 0 }]),
    ],
    [
      'ratelimit.setOverride',
      schemas.setOverrideBody,
      (unkey) => unkey.ratelimit.setOverride({ ...override, limit: 0, duration: 1000 }),
    ],
    [
      'ratelimit.getOverride',
      schemas.getOverrideBody,
      (unkey) => unkey.ratelimit.getOverride(override),
    ],
    [
      'ratelimit.listOverrides',
      schemas.listOverridesBody,
      (unkey) => unkey.ratelimit.listOverrides({ namespace: 'email.send' }),
    ],
    [
      'ratelimit.deleteOverride',
      schemas.deleteOverrideBody,
      (unkey) => unkey.ratelimit.deleteOverride(override),
    ],
  ]));

test('namespaces and identifiers are any characters', () =>
  assertRows([
    [schemas.limitBody, { ...check, namespace: ' \t/ü😀\u0001', identifier: ' ' }],
    [schemas.limitBody, { ...check, identifier: '😀'.repeat(512) }],
    [
      schemas.limitBody,
      { ...check, identifier: '😀'.repeat(513) },
      '/properties/identifier/maxLength',
    ],
    [schemas.limitBody, { ...check, namespace: '' }, '/properties/namespace/minLength'],
  ]));

test('bounds are inclusive, and every body is closed', () =>
  assertRows([
    [schemas.limitBody, { ...check, limit: 0 }, '/properties/limit/minimum'],
    [schemas.limitBody, { ...check, limit: 2 ** 53 }, '/properties/limit/maximum'],
    [schemas.limitBody, { ...check, duration: 2_592_000_000 }],
    [schemas.limitBody, { ...check, duration: 2_592_000_001 }, '/properties/duration/maximum'],
    [schemas.limitBody, { ...check, duration: 999 }, '/properties/duration/minimum'],
    [schemas.limitBody, { ...check, cost: -1 }, '/properties/cost/minimum'],
    [schemas.limitBody, { ...check, namespaceId: 'rlns_1' }, '/additionalProperties'],
    [schemas.multiLimitBody, check, '/type'],
    [schemas.multiLimitBody, [], '/minItems'],
    [schemas.multiLimitBody, Array(100).fill(check)],
    [schemas.multiLimitBody, Array(101).fill(check), '/maxItems'],
    [schemas.multiLimitBody, [{ ...check, x: 1 }], '/items/additionalProperties'],
    [schemas.multiLimitBody, [check, { ...check, limit: 0 }], '/items/properties/limit/minimum'],
    [schemas.setOverrideBody, { ...override, limit: 0, duration: 2_592_000_001 }],
    [
      schemas.setOverrideBody,
      { ...override, limit: -1, duration: 1000 },
      '/properties/limit/minimum',
    ],
    [schemas.setOverrideBody, override, '/required'],
    [schemas.getOverrideBody, { ...override, x: 1 }, '/additionalProperties'],
    [schemas.listOverridesBody, { namespace: 'a', limit: 101 }, '/properties/limit/maximum'],
    [
      schemas.deleteOverrideBody,
      { namespace: 'a', identifier: '' },
      '/properties/identifier/minLength',
    ],
  ]));
