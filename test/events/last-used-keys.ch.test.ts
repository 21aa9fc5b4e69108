import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyUse, readLastUsedKeys } from '../../src/events/last-used-keys.ts';
import { testClickhouse } from '../support/stores.ts';
import { clientOf, makeTables } from './river.ts';

test('each key is read once with its last use, page after page, whoever owns it', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  try {
    await makeTables(client);
    // Of each the second insert is the later use; there are more keys than fit into two pages, and
    // the last of one workspace and the first of the next stand in the same page.
    const nowMs = Date.now();
    for (const atMs of [nowMs - 60_000, nowMs - 30_000]) {
      await client.command({
        query: `INSERT INTO key_last_used_v1 (workspace_id, key_space_id, key_id, time, noted_at)
          SELECT concat('ws_', toString(number % 3)), concat('ks_', toString(number % 7)),
            concat('key_', toString(number)), ${atMs} + number, now('UTC')
          FROM numbers(25000)`,
      });
    }
    const { pages, notedUntil } = await readLastUsedKeys(client, 0);
    const read: KeyUse[][] = [];
    for await (const page of pages) read.push(page);
    // Whoever stores a piece holds up the changes of keys as long.
    assert.ok(read.every(({ length }) => length > 0 && length <= 500));
    assert.equal(read.flat().length, 25_000);
    const instants = new Map(read.flat().map(({ keyId, atMs }) => [keyId, atMs]));
    assert.equal(instants.size, 25_000);
    for (let n = 0; n < 25_000; n += 1) assert.equal(instants.get(`key_${n}`), nowMs - 30_000 + n);
    assert.ok(Math.abs(notedUntil + 120 - Date.now() / 1000) < 60);
    const later = await readLastUsedKeys(client, notedUntil + 1000);
    for await (const page of later.pages) assert.fail(`${page.length} keys of the future`);
  } finally {
    await client.close();
    await store.close();
  }
});
