import { test } from 'node:test';
import * as schemas from '../../src/contract/keys.ts';
import { assertRows, assertSdkCalls, type Row } from '../support/schema-checks.ts';

const apiId = 'api_1';
const keyId = 'key_1';
const refill = { interval: 'monthly', amount: 10, refillDay: 31 } as const;

test('what the official SDK sends to create and to read passes', () =>
  assertSdkCalls([
    ['keys.createKey', schemas.createKeyBody, (unkey) => unkey.keys.createKey({ apiId })],
    [
      'keys.createKey',
      schemas.createKeyBody,
      (unkey) =>
        unkey.keys.createKey({
          apiId,
          prefix: 'prod',
          name: 'A key',
          externalId: 'user_1',
          meta: { any: [null, { thing: 1.5 }] },
          roles: ['Editor of things'],
          permissions: ['documents.read'],
          expires: 4_102_444_800_000,
          credits: { remaining: null, refill },
          ratelimits: [{ name: 'requests', limit: 1, duration: 1000 }],
          recoverable: true,
        }),
    ],
    ['keys.getKey', schemas.getKeyBody, (unkey) => unkey.keys.getKey({ keyId })],
    ['keys.whoami', schemas.whoamiBody, (unkey) => unkey.keys.whoami({ key: 'prod_1' })],
  ]));

test('what the official SDK sends to change passes', () =>
  assertSdkCalls([
    ['keys.updateKey', schemas.updateKeyBody, (unkey) => unkey.keys.updateKey({ keyId })],
    [
      'keys.updateKey',
      schemas.updateKeyBody,
      (unkey) =>
        unkey.keys.updateKey({
          keyId,
          name: null,
          externalId: null,
          meta: null,
          expires: null,
          credits: null,
          ratelimits: [],
        }),
    ],
    [
      'keys.updateKey',
      schemas.updateKeyBody,
      (unkey) => unkey.keys.updateKey({ keyId, credits: { remaining: null, refill: null } }),
    ],
    ['keys.deleteKey', schemas.deleteKeyBody, (unkey) => unkey.keys.deleteKey({ keyId })],
    [
      'keys.rerollKey',
      schemas.rerollKeyBody,
      (unkey) => unkey.keys.rerollKey({ keyId, expiration: 0 }),
    ],
    [
      'keys.updateCredits',
      schemas.updateCreditsBody,
      (unkey) => unkey.keys.updateCredits({ keyId, operation: 'set', value: null }),
    ],
    [
      'keys.migrateKeys',
      schemas.migrateKeysBody,
      (unkey) => unkey.keys.migrateKeys({ migrationId: 'mig_1', apiId, keys: [{ hash: 'abc=' }] }),
    ],
  ]));

test('createKey bounds are inclusive, and null is nowhere allowed but in remaining', () => {
  const row = (fields: object, ...locations: string[]): Row => [
    schemas.createKeyBody,
    { apiId, ...fields },
    ...locations,
  ];
  assertRows([
    row({ apiId: 'api' }),
    row({ apiId: 'ap' }, '/properties/apiId/minLength'),
    row({ prefix: 'p'.repeat(16), byteLength: 16 }),
    row({ prefix: 'p'.repeat(17) }, '/properties/prefix/maxLength'),
    row({ prefix: 'a-b' }, '/properties/prefix/pattern'),
    row({ byteLength: 15 }, '/properties/byteLength/minimum'),
    row({ byteLength: 256 }, '/properties/byteLength/maximum'),
    row({ expires: 4_102_444_800_001 }, '/properties/expires/maximum'),
    row({ expires: -1 }, '/properties/expires/minimum'),
    row({ roles: Array(101).fill('a') }, '/properties/roles/maxItems'),
    row({ permissions: Array(1001).fill('a') }, '/properties/permissions/maxItems'),
    row({ name: null }, '/properties/name/type'),
    row({ credits: null }, '/properties/credits/type'),
    row({ credits: {} }, '/properties/credits/required'),
    row({ credits: { remaining: null } }),
    row({ credits: { remaining: -1 } }, '/properties/credits/properties/remaining/minimum'),
    row({ credits: { remaining: 1, refill: null } }, '/properties/credits/properties/refill/type'),
    row(
      { credits: { remaining: 1, refill: { interval: 'yearly', amount: 0, refillDay: 32 } } },
      '/properties/credits/properties/refill/properties/interval/enum',
      '/properties/credits/properties/refill/properties/amount/minimum',
      '/properties/credits/properties/refill/properties/refillDay/maximum',
    ),
    row({ ownerId: 'x' }, '/additionalProperties'),
    row({ ratelimits: [{ name: 'abc', limit: 1, duration: 1000, autoApply: true, x: 1 }] }),
  ]);
});

test('updateKey tells absent, null and a value apart', () =>
  assertRows([
    [schemas.updateKeyBody, { keyId, credits: {} }],
    [schemas.updateKeyBody, { keyId, credits: { refill } }],
    [schemas.updateKeyBody, { keyId, name: '' }, '/properties/name/minLength'],
    [schemas.updateKeyBody, { keyId, enabled: null }, '/properties/enabled/type'],
    [schemas.updateKeyBody, { keyId, ratelimits: null }, '/properties/ratelimits/type'],
    [schemas.updateKeyBody, { keyId, roles: null }, '/properties/roles/type'],
    [schemas.updateKeyBody, { name: null }, '/required'],
    [
      schemas.updateKeyBody,
      { keyId, credits: { x: 1 } },
      '/properties/credits/additionalProperties',
    ],
  ]));

test('the other operations keep their bounds, and only rerollKey ignores unknown fields', () =>
  assertRows([
    [schemas.getKeyBody, { keyId: 'k'.repeat(256) }, '/properties/keyId/maxLength'],
    [schemas.whoamiBody, { key: 'k'.repeat(513) }, '/properties/key/maxLength'],
    [schemas.deleteKeyBody, { keyId, permanent: 'yes' }, '/properties/permanent/type'],
    [schemas.deleteKeyBody, { keyId, x: 1 }, '/additionalProperties'],
    [schemas.rerollKeyBody, { keyId, expiration: 4_102_444_800_000, x: 1 }],
    [schemas.rerollKeyBody, { keyId }, '/required'],
    [schemas.updateCreditsBody, { keyId: 'any thing', operation: 'increment' }],
    [schemas.updateCreditsBody, { keyId, operation: 'reset' }, '/properties/operation/enum'],
    [
      schemas.updateCreditsBody,
      { keyId, operation: 'set', value: -1 },
      '/properties/value/minimum',
    ],
    [schemas.migrateKeysBody, { migrationId: 'mig', apiId, keys: [] }, '/properties/keys/minItems'],
    [
      schemas.migrateKeysBody,
      { migrationId: 'mig', apiId, keys: [{ hash: 'ab', externalId: 'any thing' }] },
      '/properties/keys/items/properties/hash/minLength',
    ],
  ]));
