import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePermissionQuery } from '../../src/verify/permission-query.ts';
import { cachedPermissionQuery } from '../../src/verify/query-cache.ts';

test('a query, right or wrong, is what the parser makes of it, and is parsed once', () => {
  for (const text of ['docs.read AND (a OR b)', 'docs.read AND', '']) {
    const found = cachedPermissionQuery(text);
    assert.deepEqual(found, parsePermissionQuery(text));
    assert.equal(cachedPermissionQuery(text), found);
  }
});

test('more queries than are kept are answered all the same', () => {
  for (let round = 0; round < 2; round += 1) {
    for (let number = 0; number < 2500; number += 1) {
      const parsed = cachedPermissionQuery(`docs.${number}`);
      assert.deepEqual(parsed.ok && parsed.query.permissions, [`docs.${number}`]);
    }
  }
});
