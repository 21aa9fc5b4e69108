/** ClickHouse stands still under load: what was answered meanwhile is recorded, once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedClickhouse } from '../../src/embedded/embedded-clickhouse.ts';
import type { EmbeddedStore } from '../../src/embedded/embedded-store.ts';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { readMetrics } from '../support/metrics.ts';
import { assertRecorded } from '../support/recorded-verifications.ts';
import { seededKey, seedKeys } from '../support/seed-keys.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testDatabase } from '../support/stores.ts';
import { startVerifications } from '../support/verification-load.ts';
import { waitFor } from '../support/wait-for.ts';

const keyCount = 200;
const keys = Array.from({ length: keyCount }, (_, number) => seededKey(number + 1));
const standingStillMs = 60_000;
/** The wait before the next try is 10 s at most; a request that stood still has 60 s. */
const settledWithinMs = 90_000;

const folder = mkdtempSync(join(tmpdir(), 'latchkey-clickhouse-away-'));
let clickhouse: EmbeddedStore;
let database: Awaited<ReturnType<typeof testDatabase>>;
let server: TestServer;

before(async () => {
  database = await testDatabase();
  clickhouse = await startEmbeddedClickhouse({ folder: join(folder, 'clickhouse'), logger });
  const stores = { databaseUrl: database.url, clickhouseUrl: clickhouse.url };
  server = await startServer({ workers: 2, stores });
  await seedKeys(server, keyCount);
});
after(async () => {
  await server.close();
  await clickhouse.stop();
  await database.close();
  rmSync(folder, { recursive: true });
});

async function metric(name: string): Promise<number> {
  return (await readMetrics(server.adminUrl)).total(`latchkey_${name}`);
}

async function spoolIsEmpty(): Promise<void> {
  const isEmpty = async () => (await metric('spool_events')) === 0;
  await waitFor('the spool is empty', isEmpty, settledWithinMs);
}

test('while ClickHouse stands still for a minute, answers go on; all are recorded', async () => {
  const load = startVerifications({ server, keys, callerCount: 4, pauseMs: 10 });
  await waitFor('some are inserted', async () => (await metric('events_inserted_total')) > 100);
  process.kill(clickhouse.pid, 'SIGSTOP');
  const before = load.answered.length;
  try {
    await sleep(standingStillMs);
    assert.ok(load.answered.length > before + 1_000, `${load.answered.length - before} answers`);
    assert.ok((await metric('spool_events')) > 1_000);
  } finally {
    process.kill(clickhouse.pid, 'SIGCONT');
  }
  await load.stop();
  await spoolIsEmpty();
  assert.equal(load.unansweredCount, 0);
  await assertRecorded({ server, clickhouseUrl: clickhouse.url, load });
});
