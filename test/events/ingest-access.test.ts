import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ingestAccess, readIngestAccess } from '../../src/events/ingest-access.ts';
import { temporaryFolder } from './river.ts';

const passwordSha256 = createHash('sha256').update('secret').digest('hex');
const shop = { name: 'shop', passwordSha256, tables: ['shop.requests', 'logs.*'] };

test('a user is known by the right password alone', () => {
  const access = ingestAccess([shop]);
  assert.equal(access.knows('shop', 'secret'), true);
  for (const [name, password] of [
    ['shop', ''],
    ['shop', 'Secret'],
    ['shop', passwordSha256],
    ['else', 'secret'],
    ['', ''],
  ] as const) {
    assert.equal(access.knows(name, password), false, `${name} ${password}`);
  }
});

test('a user may insert into the tables that are named, or into all of a database', () => {
  const access = ingestAccess([shop]);
  assert.equal(access.mayInsert('shop', 'shop', 'requests'), true);
  assert.equal(access.mayInsert('shop', 'logs', 'anything'), true);
  assert.equal(access.mayInsert('shop', 'shop', 'orders'), false);
  assert.equal(access.mayInsert('shop', 'latchkey', 'requests'), false);
  assert.equal(access.mayInsert('else', 'logs', 'anything'), false);
  assert.equal(access.mayInsert('shop', 'log', 's.anything'), false);
});

test('a file that cannot be used is refused with what is wrong', () => {
  const { path, remove } = temporaryFolder();
  const file = join(path, 'users.json');
  try {
    for (const [content, problem] of [
      ['{', /is not JSON/],
      ['[]', /list of "users"/],
      ['{"users":[{}]}', /must have a "name"/],
      ['{"users":[null]}', /must have a "name"/],
      [JSON.stringify({ users: [{ ...shop, passwordSha256: 'x' }] }), /64 hexadecimal/],
      [JSON.stringify({ users: [{ ...shop, tables: ['requests'] }] }), /"database.table"/],
      [JSON.stringify({ users: [{ ...shop, tables: ['*.*'] }] }), /"database.table"/],
      [JSON.stringify({ users: [{ ...shop, tables: 'a.b' }] }), /"database.table"/],
    ] as const) {
      writeFileSync(file, content);
      assert.throws(() => readIngestAccess(file), problem, content);
    }
    writeFileSync(file, JSON.stringify({ users: [shop] }));
    assert.equal(readIngestAccess(file).knows('shop', 'secret'), true);
  } finally {
    remove();
  }
});
