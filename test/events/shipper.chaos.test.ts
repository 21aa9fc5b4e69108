import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clickhouse } from '../../src/events/clickhouse.ts';
import { type TestClickhouse, testClickhouse } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';
import type { AppenderArguments } from './appender.ts';
import { startChild } from './child.ts';
import type { PrimaryArguments } from './primary-process.ts';
import {
  assertBalanced,
  clientOf,
  makeTables,
  startPrimary,
  storedIds,
  temporaryFolder,
  testSpool,
} from './river.ts';
import { verificationEvent } from './verification-events.ts';

let store: TestClickhouse;
let client: Clickhouse;

before(async () => {
  store = await testClickhouse();
  client = clientOf(store.url);
  await makeTables(client);
});
after(async () => {
  await client.close();
  await store.close();
});

test('with primaries and workers killed in turn, each event is stored once', async () => {
  const temporary = temporaryFolder();
  const spool = testSpool(temporary.path);
  const said: string[] = [];
  for (let round = 0; round < 6; round++) {
    const place = temporary.path;
    const primary = startChild<PrimaryArguments>('primary-process.ts', [place, store.url]);
    const first = String(round * 1_000_000);
    const worker = startChild<AppenderArguments>('appender.ts', [place, `w${round}`, first, '5']);
    await waitFor('a running primary', () => primary.lines.length > 1);
    await sleep(Math.random() * 200);
    // Now and then a worker outlives its primary and meets the next one.
    if (round % 2 === 0) await worker.kill();
    await primary.kill();
    await worker.kill();
    said.push(...worker.lines.map((line) => verificationEvent(Number(line)).requestId));
  }
  const last = await startPrimary(spool, store.url);
  try {
    assert.equal(await last.shipper.drain(30_000), true);
    const stored = await storedIds(client);
    assert.equal(new Set(stored).size, stored.length, 'no event twice');
    const storedSet = new Set(stored);
    assert.deepEqual(
      said.filter((id) => !storedSet.has(id)),
      [],
    );
    // Each of the six may have spooled one event that it did not live to say.
    assert.ok(stored.length - said.length <= 6, `${stored.length} of ${said.length}`);
    const totals = last.shipper.totals();
    assertBalanced(totals);
    assert.deepEqual(new Set(Object.values(totals.droppedRows)), new Set([0]));
    assert.equal(totals.insertedRows, stored.length);
    assert.equal(totals.acceptedRows, stored.length);
    assert.deepEqual(readdirSync(spool.folder.segments), []);
  } finally {
    await last.stop();
    spool.close();
    temporary.remove();
  }
});
