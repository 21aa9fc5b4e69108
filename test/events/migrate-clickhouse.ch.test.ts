import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrateClickhouse, statementsOf } from '../../src/events/migrate-clickhouse.ts';
import { testClickhouse } from '../support/stores.ts';
import { clientOf } from './river.ts';

test('migrations run once, and nodes that run them together do no harm', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  try {
    await Promise.all([1, 2, 3].map(() => migrateClickhouse(client)));
    assert.deepEqual(await migrateClickhouse(client), []);
    const query = `SELECT count() AS count FROM system.tables
      WHERE database = currentDatabase() AND name = 'key_verifications_raw_v1'`;
    const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
    assert.deepEqual(
      rows.map((row) => Number((row as { count: unknown }).count)),
      [1],
    );
  } finally {
    await client.close();
    await store.close();
  }
});

test('a file is taken apart at semicolons that end a line, without its comments', () => {
  const text = "-- first; not last\nSELECT ';' AS a\n;\n\nSELECT 2; -- two\nSELECT 3;\n";
  assert.deepEqual(statementsOf("-- a; b\nSELECT ';', 1;\n  -- c\nSELECT 2;\n"), [
    "SELECT ';', 1",
    'SELECT 2',
  ]);
  assert.equal(statementsOf(text)[0], "SELECT ';' AS a");
});
