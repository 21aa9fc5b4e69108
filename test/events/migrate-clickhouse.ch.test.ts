import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRetention } from '../../src/domain/retention.ts';
import type { Clickhouse } from '../../src/events/clickhouse.ts';
import { migrateClickhouse, schemaStatements } from '../../src/events/migrate-clickhouse.ts';
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

test('what is up to date already needs no right to change tables', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  const readsOnly = clientOf(`${store.url}?clickhouse_setting_readonly=1`);
  try {
    await assert.rejects(migrateClickhouse(readsOnly), { type: 'READONLY' });
    await migrateClickhouse(client);
    assert.deepEqual(await migrateClickhouse(readsOnly), []);
  } finally {
    await Promise.all([client.close(), readsOnly.close()]);
    await store.close();
  }
});

test('rows live as long as the settings say, also in tables that are there already', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  try {
    await migrateClickhouse(client);
    assert.equal(await daysOf(client, 'key_verifications_raw_v1'), 90);
    assert.equal(await daysOf(client, 'ratelimits_per_minute_v1'), 7);
    await migrateClickhouse(client, {
      retention: { ...defaultRetention, 'verification-days': 14, 'rollup-day-days': 400 },
    });
    assert.equal(await daysOf(client, 'key_verifications_raw_v1'), 14);
    assert.equal(await daysOf(client, 'key_last_used_v1'), 14);
    assert.equal(await daysOf(client, 'ratelimits_per_day_v1'), 400);
    assert.equal(await daysOf(client, 'key_verifications_per_hour_v1'), 90);
  } finally {
    await client.close();
    await store.close();
  }
});

async function daysOf(client: Clickhouse, table: string): Promise<number> {
  const query = `SELECT engine_full AS engine FROM system.tables
    WHERE database = currentDatabase() AND name = '${table}'`;
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
  const { engine } = rows[0] as { engine: string };
  return Number(/TTL .*toIntervalDay\((\d+)\)/.exec(engine)?.[1]);
}

test('every statement for a cluster is one that ClickHouse can parse', async () => {
  const store = await testClickhouse();
  const client = clientOf(store.url);
  const place = { database: store.database, cluster: 'main', retention: defaultRetention };
  try {
    for (const statement of schemaStatements(place)) {
      assert.match(statement, /ON CLUSTER `main`/);
      await client.command({ query: `EXPLAIN AST ${statement}` });
    }
  } finally {
    await client.close();
    await store.close();
  }
});
