/** Once synced, a node needs neither of its stores to verify, and catches up by itself. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startEmbeddedClickhouse } from '../../src/embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts';
import type { EmbeddedStore } from '../../src/embedded/embedded-store.ts';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { createApiClient } from '../support/api-client.ts';
import { allInserted, readEventRows } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-stores-away-'));
let postgres: EmbeddedStore;
let clickhouse: EmbeddedStore;
let server: TestServer;
let apiId: string;
let key: string;

before(async () => {
  await startStores();
  const stores = { databaseUrl: postgres.url, clickhouseUrl: clickhouse.url };
  server = await startServer({ stores, workers: 2 });
  const call = createApiClient(server);
  const api = await call('apis.createApi', { name: 'kept' });
  apiId = api.json.data?.apiId as string;
  const made = await call('keys.createKey', { apiId });
  key = made.json.data?.key as string;
});
after(async () => {
  await server.close();
  await stopStores();
  rmSync(folder, { recursive: true });
});

/** On their ports of the first time. */
async function startStores(): Promise<void> {
  const options = (name: string) => ({ folder: join(folder, name), logger });
  [postgres, clickhouse] = await Promise.all([
    startEmbeddedPostgres(options('postgres')),
    startEmbeddedClickhouse(options('clickhouse')),
  ]);
}

async function stopStores(): Promise<void> {
  await Promise.all([postgres.stop(), clickhouse.stop()]);
}

type Condition = { name: string; isMet: boolean; detail: string; sinceMs: number };

async function readiness(): Promise<{ status: number; unmet: Condition[] }> {
  const response = await fetch(`${server.adminUrl}/readyz`);
  const { conditions } = (await response.json()) as { conditions: Condition[] };
  return { status: response.status, unmet: conditions.filter(({ isMet }) => !isMet) };
}

async function codeOf(secret: string): Promise<string | undefined> {
  return (await createApiClient(server)('keys.verifyKey', { key: secret })).json.data?.code;
}

async function refusedManagement(): Promise<void> {
  const { status, json } = await createApiClient(server)('keys.createKey', { apiId });
  assert.equal(status, 500);
  assert.equal(
    json.error?.type,
    'https://unkey.com/docs/errors/unkey/application/service_unavailable',
  );
}

test('with both stores stopped, a start still verifies and says what is missing', async () => {
  assert.equal(await codeOf(key), 'VALID');
  await allInserted(server.adminUrl);
  await server.stop();
  await stopStores();
  const stoppedAtMs = Date.now();

  await server.start();
  for (let round = 0; round < 20; round += 1) assert.equal(await codeOf(key), 'VALID');
  assert.equal(await codeOf('unknown'), 'NOT_FOUND');
  await waitFor('both are missed', async () => (await readiness()).unmet.length === 2);
  const { status, unmet } = await readiness();
  assert.equal(status, 200, 'verification goes on: the node is ready');
  assert.deepEqual(
    unmet.map(({ name }) => name),
    ['postgres', 'clickhouse'],
  );
  for (const { detail, sinceMs } of unmet) {
    assert.match(detail, /ECONNREFUSED/);
    assert.ok(sinceMs >= stoppedAtMs && sinceMs <= Date.now());
  }
  await refusedManagement();
  const metrics = await readMetrics(server.adminUrl);
  assert.equal(metrics.total('latchkey_replication_connected'), 0);
  assert.equal(metrics.total('latchkey_spool_events'), 21);
});

test('when the stores return, changes and events flow again by themselves', async () => {
  await startStores();
  await waitFor('nothing is missing', async () => (await readiness()).unmet.length === 0, 20_000);
  const { status, json } = await createApiClient(server)('keys.createKey', { apiId });
  assert.equal(status, 200);
  assert.equal(await codeOf(json.data?.key as string), 'VALID');
  await allInserted(server.adminUrl);
  const rows = await readEventRows(clickhouse.url);
  assert.equal(rows.length, 1 + 21 + 1);
  assert.equal(new Set(rows.map(({ requestId }) => requestId)).size, rows.length);
});

test('stores that go while the server runs are missed, and nothing else is', async () => {
  await stopStores();
  assert.equal(await codeOf(key), 'VALID');
  await refusedManagement();
  await waitFor('both are missed', async () => (await readiness()).unmet.length === 2, 20_000);
  const [missedPostgres] = (await readiness()).unmet;
  await startStores();
  await waitFor('nothing is missing', async () => (await readiness()).unmet.length === 0, 20_000);
  assert.ok(missedPostgres && missedPostgres.sinceMs <= Date.now());
  assert.equal((await createApiClient(server)('apis.getApi', { apiId })).status, 200);
  await allInserted(server.adminUrl);
  assert.deepEqual(server.log().match(/"level":60/g), null);
});
