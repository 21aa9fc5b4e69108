import { test } from 'node:test';
import { createKeysBody, deleteKeysBody } from '../../src/contract/bulk-keys.ts';
import { assertRows } from '../support/schema-checks.ts';

const apiId = 'api_12345';
const items = '/properties/keys/items';

test('each of many keys follows the rules of a single one, without the API', () => {
  assertRows([
    [createKeysBody, { apiId, keys: [{}, { name: 'one', byteLength: 16 }] }],
    [createKeysBody, { apiId, keys: [] }, '/properties/keys/minItems'],
    [createKeysBody, { apiId, keys: Array(1001).fill({}) }, '/properties/keys/maxItems'],
    [createKeysBody, { apiId, keys: [{ apiId }] }, `${items}/additionalProperties`],
    [
      createKeysBody,
      { apiId, keys: [{ byteLength: 15 }] },
      `${items}/properties/byteLength/minimum`,
    ],
    [createKeysBody, { keys: [{}] }, '/required'],
  ]);
});

test('keys are deleted by any selection', () => {
  assertRows([
    [deleteKeysBody, { keyIds: ['key_1'], permanent: true }],
    [deleteKeysBody, { externalId: 'user' }],
    [deleteKeysBody, { apiId }],
    [deleteKeysBody, { keyIds: [] }, '/properties/keyIds/minItems'],
    [deleteKeysBody, { keys: [] }, '/additionalProperties'],
  ]);
});
