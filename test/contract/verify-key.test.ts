import { test } from 'node:test';
import { verifyKeyBody } from '../../src/contract/verify-key.ts';
import { assertRows, assertSdkCalls, type Row } from '../support/schema-checks.ts';

const key = 'prod_2cGKbMxRyIzhCxo1Idjz8q';
const row = (fields: object, ...locations: string[]): Row => [
  verifyKeyBody,
  { key, ...fields },
  ...locations,
];

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    ['keys.verifyKey', verifyKeyBody, (unkey) => unkey.keys.verifyKey({ key })],
    [
      'keys.verifyKey',
      verifyKeyBody,
      (unkey) =>
        unkey.keys.verifyKey({
          key,
          permissions: 'documents.read AND (a OR b)',
          credits: { cost: 0 },
          ratelimits: [{ name: 'requests' }, { name: 'own', limit: 10, duration: 1000 }],
          tags: ['path=/x', ''.padEnd(512, '😀')],
          migrationId: 'mig_1',
        }),
    ],
  ]));

test('bounds are inclusive', () =>
  assertRows([
    row({ key: 'k'.repeat(512) }),
    row({ key: 'k'.repeat(513) }, '/properties/key/maxLength'),
    row({ key: '' }, '/properties/key/minLength'),
    row({ permissions: '' }, '/properties/permissions/minLength'),
    row({ permissions: 'a'.repeat(1001) }, '/properties/permissions/maxLength'),
    row({ credits: { cost: 1e12 } }),
    row({ credits: { cost: 1e12 + 1 } }, '/properties/credits/properties/cost/maximum'),
    row({ credits: {} }, '/properties/credits/required'),
    row({ credits: null }, '/properties/credits/type'),
    row({ tags: Array(20).fill('t') }),
    row({ tags: Array(21).fill('t') }, '/properties/tags/maxItems'),
    row({ tags: [''] }, '/properties/tags/items/minLength'),
    row({ migrationId: '' }),
    row({ migrationId: 'm'.repeat(257) }, '/properties/migrationId/maxLength'),
    row({ ratelimits: [{ name: 'abc', cost: 0, limit: 0, duration: 0 }] }),
    row({ ratelimits: [{ name: 'ab' }] }, '/properties/ratelimits/items/properties/name/minLength'),
    row({ ratelimits: [{}] }, '/properties/ratelimits/items/required'),
    row({ ip: '::ffff:255.255.255.255' }),
    row({ ip: '' }, '/properties/ip/minLength'),
    row({ ip: '1'.repeat(46) }, '/properties/ip/maxLength'),
  ]));

test('unknown fields are refused, but for those of a rate limit', () =>
  assertRows([
    row({ ratelimits: [{ name: 'abc', x: 1 }] }),
    row({ apiId: 'api_1' }, '/additionalProperties'),
    row({ credits: { cost: 1, x: 1 } }, '/properties/credits/additionalProperties'),
  ]));
