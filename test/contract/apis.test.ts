import { test } from 'node:test';
import { createApiBody, deleteApiBody, getApiBody, listKeysBody } from '../../src/contract/apis.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const apiId = 'api_12345';

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    ['apis.createApi', createApiBody, (unkey) => unkey.apis.createApi({ name: 'payments' })],
    ['apis.getApi', getApiBody, (unkey) => unkey.apis.getApi({ apiId })],
    ['apis.deleteApi', deleteApiBody, (unkey) => unkey.apis.deleteApi({ apiId })],
    ['apis.listKeys', listKeysBody, (unkey) => unkey.apis.listKeys({ apiId })],
    [
      'apis.listKeys',
      listKeysBody,
      (unkey) => unkey.apis.listKeys({ apiId, limit: 1, cursor: 'key_1', externalId: 'u' }),
    ],
  ]));

test('bounds are inclusive, and every body is closed', () =>
  assertRows([
    [createApiBody, { name: 'abc' }],
    [createApiBody, { name: 'x'.repeat(256) }],
    [createApiBody, { name: 'ab' }, '/properties/name/minLength'],
    [createApiBody, { name: 'x'.repeat(257) }, '/properties/name/maxLength'],
    [createApiBody, {}, '/required'],
    [createApiBody, { name: 'abc', id: 1 }, '/additionalProperties'],
    [getApiBody, { apiId: 'a'.repeat(8) }],
    [getApiBody, { apiId: 'a'.repeat(7) }, '/properties/apiId/minLength'],
    [getApiBody, { apiId: 'a'.repeat(256) }, '/properties/apiId/maxLength'],
    [deleteApiBody, { apiId: 'api-12345' }, '/properties/apiId/pattern'],
    [deleteApiBody, { apiId, force: true }, '/additionalProperties'],
    [listKeysBody, { apiId: '-' }],
    [listKeysBody, { apiId: '' }, '/properties/apiId/minLength'],
    [listKeysBody, { apiId, limit: 0 }, '/properties/limit/minimum'],
    [listKeysBody, { apiId, limit: 101 }, '/properties/limit/maximum'],
    [listKeysBody, { apiId, decrypt: null }, '/properties/decrypt/type'],
    [listKeysBody, { apiId, externalId: '' }, '/properties/externalId/minLength'],
  ]));
