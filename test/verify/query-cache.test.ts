import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

test('a query that is kept does not keep the body that it was cut out of', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let number = 0; number < 100; number += 1) {
    const body = Buffer.alloc(1_000_000, `permission.${number} `).toString('latin1');
    assert.ok(cachedPermissionQuery(body.substring(0, 13)).ok);
  }
  const keptBytes = used() - before;
  assert.ok(keptBytes < 20_000_000, `${keptBytes} bytes are kept of 100,000,000`);
});
