/** The disk of the spool is full: verification goes on, and what was not kept is counted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'only root can mount a small disk' };
const keyCount = 200;
const keys = Array.from({ length: keyCount }, (_, number) => seededKey(number + 1));
/** It leaves the ledger, one segment of 4 MiB, and a megabyte of those that are sealed. */
const diskSize = '7m';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-full-'));
let clickhouse: EmbeddedStore;
let database: Awaited<ReturnType<typeof testDatabase>>;
let server: TestServer;
let spool: string;

before(async () => {
  if (!isRoot) return;
  database = await testDatabase();
  await startClickhouse();
  const stores = { databaseUrl: database.url, clickhouseUrl: clickhouse.url };
  server = await startServer({ workers: 1, stores });
  await seedKeys(server, keyCount);
  await server.stop();
  spool = join(server.dataDir, 'spool');
  const options = ['-t', 'tmpfs', '-o', `size=${diskSize},mode=700`];
  execFileSync('mount', [...options, 'tmpfs', spool]);
  await server.start();
});
after(async () => {
  if (!isRoot) return;
  await server.stop();
  execFileSync('umount', [spool]);
  await server.close();
  await clickhouse.stop();
  await database.close();
});
after(() => rmSync(folder, { recursive: true }));

/** On its port of the first time. */
async function startClickhouse(): Promise<void> {
  clickhouse = await startEmbeddedClickhouse({ folder: join(folder, 'clickhouse'), logger });
}

async function metric(name: string): Promise<number> {
  return (await readMetrics(server.adminUrl)).total(`latchkey_${name}`);
}

test('on a full disk answers go on, and what is dropped is counted', needsRoot, async () => {
  await clickhouse.stop();
  const load = startVerifications({ server, keys, callerCount: 16, pauseMs: 0 });
  await waitFor(
    'the disk is full',
    async () => (await metric('events_dropped_total')) > 500,
    60_000,
  );
  const metrics = await readMetrics(server.adminUrl);
  const isFull = metrics.sample('latchkey_events_dropped_total{reason="disk_full"}');
  assert.equal(isFull, metrics.total('latchkey_events_dropped_total'));
  const spooledCount = await metric('spool_events');
  // What is full is emptied all the same.
  await startClickhouse();
  const isShrinking = async () => (await metric('spool_events')) < spooledCount;
  await waitFor('the spool is being emptied', isShrinking, 60_000);
  await load.stop();
  const isEmpty = async () => (await metric('spool_events')) === 0;
  await waitFor('the spool is empty', isEmpty, 60_000);
  assert.equal(load.unansweredCount, 0);
  const droppedCount = await metric('events_dropped_total');
  await assertRecorded({ server, clickhouseUrl: clickhouse.url, load, droppedCount });
  assert.deepEqual(server.log().match(/"level":60/g), null);
});
