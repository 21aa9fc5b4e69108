/**
 * Each process in turn is killed at a random moment, again and again, while verifications are
 * answered: what is recorded in the end is what was answered.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStoreUrls } from '../../src/processes/store-urls.ts';
import { allInserted } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { argumentsOf, childrenOf } from '../support/processes-over.ts';
import { createRandom } from '../support/random.ts';
import { assertRecorded } from '../support/recorded-verifications.ts';
import { seededKey, seedKeys } from '../support/seed-keys.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { startVerifications } from '../support/verification-load.ts';
import { waitFor } from '../support/wait-for.ts';

const seed = 20_261_122;
const keyCount = 500;
const roundCount = 12;
const delayMsMax = 1_500;
const victims = ['worker', 'primary', 'ClickHouse'] as const;

let server: TestServer;

before(async () => {
  server = await startServer({ workers: 2, stores: 'embedded' });
  await seedKeys({ ...server, databaseUrl: storeUrls().databaseUrl }, keyCount);
});
after(() => server.close());

function storeUrls() {
  const urls = readStoreUrls(join(server.dataDir, 'shared'));
  assert.ok(urls);
  return urls;
}

function clickhousePid(): number | undefined {
  return childrenOf(server.pid).find((pid) => argumentsOf(pid).includes('clickhouse-child.ts'));
}

async function kill(victim: (typeof victims)[number], random: () => number): Promise<void> {
  if (victim === 'primary') {
    await server.kill('SIGKILL');
    await server.nothingRuns();
    await server.start();
    return;
  }
  const workers = server.workerPids();
  const pid =
    victim === 'worker' ? workers[Math.floor(random() * workers.length)] : clickhousePid();
  // It may have been killed a moment ago, and not be back yet.
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

async function isWhole(): Promise<boolean> {
  const metrics = await readMetrics(server.adminUrl);
  return metrics.total('latchkey_workers') === 2 && clickhousePid() !== undefined;
}

test(`after ${roundCount} kills what is recorded is what was answered, seed ${seed}`, async () => {
  const random = createRandom(seed);
  const keys = Array.from({ length: keyCount }, (_, number) => seededKey(number + 1));
  const load = startVerifications({ server, keys, callerCount: 16, pauseMs: 5 });
  for (let round = 0; round < roundCount; round += 1) {
    await sleep(random() * delayMsMax);
    await kill(victims[round % victims.length] as (typeof victims)[number], random);
  }
  await sleep(random() * delayMsMax);
  await load.stop();
  await waitFor('everything runs again', isWhole, 30_000);
  await allInserted(server.adminUrl);
  assert.ok(load.answered.length > 1_000, `${load.answered.length} answers`);
  await assertRecorded({ server, clickhouseUrl: storeUrls().clickhouseUrl, load });
});
