import { test } from 'node:test';
import {
  createIdentityBody,
  deleteIdentityBody,
  getIdentityBody,
  listIdentitiesBody,
  updateIdentityBody,
} from '../../src/contract/identities.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const identity = 'user_1';
const limit = { name: 'requests', limit: 10, duration: 1000 };
const ratelimits = [{ ...limit, autoApply: true }];

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    [
      'identities.createIdentity',
      createIdentityBody,
      (unkey) => unkey.identities.createIdentity({ externalId: identity }),
    ],
    [
      'identities.createIdentity',
      createIdentityBody,
      (unkey) =>
        unkey.identities.createIdentity({
          externalId: identity,
          meta: { plan: 'pro' },
          ratelimits: [{ name: 'requests', limit: 10, duration: 1000 }],
        }),
    ],
    [
      'identities.getIdentity',
      getIdentityBody,
      (unkey) => unkey.identities.getIdentity({ identity }),
    ],
    [
      'identities.listIdentities',
      listIdentitiesBody,
      (unkey) => unkey.identities.listIdentities({}),
    ],
    [
      'identities.updateIdentity',
      updateIdentityBody,
      (unkey) => unkey.identities.updateIdentity({ identity, meta: {}, ratelimits }),
    ],
    [
      'identities.deleteIdentity',
      deleteIdentityBody,
      (unkey) => unkey.identities.deleteIdentity({ identity }),
    ],
  ]));

test('createIdentity and the items of its limits ignore unknown fields, the others do not', () =>
  assertRows([
    [createIdentityBody, { externalId: 'a', x: 1, ratelimits: [{ ...ratelimits[0], id: 'rl_1' }] }],
    [updateIdentityBody, { identity, ratelimits: [{ ...ratelimits[0], id: 'rl_1' }] }],
    [updateIdentityBody, { identity, x: 1 }, '/additionalProperties'],
    [getIdentityBody, { identity, x: 1 }, '/additionalProperties'],
    [deleteIdentityBody, { identity, x: 1 }, '/additionalProperties'],
    [listIdentitiesBody, { x: 1 }, '/additionalProperties'],
  ]));

test('bounds are inclusive', () =>
  assertRows([
    [createIdentityBody, { externalId: 'aZ0_.-' }],
    [createIdentityBody, { externalId: 'a b' }, '/properties/externalId/pattern'],
    [createIdentityBody, { externalId: 'a'.repeat(256) }, '/properties/externalId/maxLength'],
    [createIdentityBody, { externalId: 'a', meta: null }, '/properties/meta/type'],
    [
      createIdentityBody,
      { externalId: 'a', meta: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])) },
      '/properties/meta/maxProperties',
    ],
    [
      createIdentityBody,
      { externalId: 'a', ratelimits: Array(51).fill(ratelimits[0]) },
      '/properties/ratelimits/maxItems',
    ],
    [
      createIdentityBody,
      { externalId: 'a', ratelimits: [limit] },
      '/properties/ratelimits/items/required',
    ],
    [
      updateIdentityBody,
      { identity, ratelimits: [{ name: 'ab', limit: 0, duration: 999, autoApply: 1 }] },
      '/properties/ratelimits/items/properties/name/minLength',
      '/properties/ratelimits/items/properties/limit/minimum',
      '/properties/ratelimits/items/properties/duration/minimum',
      '/properties/ratelimits/items/properties/autoApply/type',
    ],
    [getIdentityBody, { identity: 'any thing at all: '.repeat(1000) }],
    [getIdentityBody, { identity: '' }, '/properties/identity/minLength'],
    [listIdentitiesBody, { search: 'x'.repeat(256), cursor: 'x'.repeat(1024) }],
    [listIdentitiesBody, { search: 'x'.repeat(257) }, '/properties/search/maxLength'],
    [listIdentitiesBody, { cursor: 'x'.repeat(1025) }, '/properties/cursor/maxLength'],
  ]));
