import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Clickhouse } from '../../src/events/clickhouse.ts';
import { readFrames, readSegmentHeader, type SegmentHeader } from '../../src/events/segment.ts';
import type { SpoolWriter } from '../../src/events/spool-writer.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { type TestClickhouse, testClickhouse } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';
import { createFaultyProxy } from './faulty-proxy.ts';
import {
  assertBalanced,
  clientOf,
  makeTables,
  quarantinedRows,
  startPrimary,
  storedIds,
  type TestPrimary,
  type TestSpool,
  temporaryFolder,
  testSpool,
} from './river.ts';
import { verificationEvent } from './verification-events.ts';

let store: TestClickhouse;
let client: Clickhouse;
let spool: TestSpool;
let removeFolder: () => void;

before(async () => {
  store = await testClickhouse();
  client = clientOf(store.url);
  await makeTables(client);
});
after(async () => {
  await client.close();
  await store.close();
});
beforeEach(async () => {
  await client.command({ query: 'TRUNCATE TABLE key_verifications_raw_v1' });
  const folder = temporaryFolder();
  spool = testSpool(folder.path);
  removeFolder = folder.remove;
});

/** Ends what a test has started, whether it went well or not. */
async function withPrimary(
  primary: TestPrimary,
  act: (primary: TestPrimary) => Promise<void>,
): Promise<void> {
  try {
    await act(primary);
  } finally {
    await primary.stop();
    spool.close();
    removeFolder();
  }
}

function appendAll(writer: SpoolWriter, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let number = from; number < to; number++) {
    const event = verificationEvent(number);
    assert.ok(writer.append(verificationKind, event));
    ids.push(event.requestId);
  }
  return ids;
}

test('every spooled event is one row with its values, and the spool is emptied', async () => {
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 5000);
  writer.append(
    verificationKind,
    verificationEvent(5000, {
      outcome: 'INSUFFICIENT_PERMISSIONS',
      tags: ['ä', '漢字', "quote'\t\n"],
      spentCredits: 1e12,
      latencyUs: 12.6,
      method: 'GET',
      path: '/v1/größe?x=1',
      clientAddress: '2001:db8::1',
    }),
  );
  await writer.close();
  await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
    assert.equal(await shipper.drain(20_000), true);
    assert.deepEqual(await storedIds(client), [...ids, 'req_000005000']);
    const totals = shipper.totals();
    assertBalanced(totals);
    assert.equal(totals.insertedRows, 5001);
    assert.equal(totals.spooledRows, 0);
    assert.deepEqual(readdirSync(spool.folder.segments), []);
    const query = `SELECT * FROM key_verifications_raw_v1
      WHERE request_id = 'req_000005000' SETTINGS output_format_json_quote_64bit_integers = 0`;
    const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
    assert.deepEqual(rows, [
      {
        request_id: 'req_000005000',
        time: 1790000005000,
        workspace_id: 'ws_aaaaaaaaa',
        key_space_id: 'ks_000000002',
        identity_id: 'id_000000000',
        external_id: 'user_0',
        key_id: 'key_000000000',
        region: 'test',
        source: 'api',
        app_id: '',
        outcome: 'INSUFFICIENT_PERMISSIONS',
        tags: ['ä', '漢字', "quote'\t\n"],
        spent_credits: 1e12,
        latency_us: 13,
        method: 'GET',
        path: '/v1/größe?x=1',
        client_address: '2001:db8::1',
      },
    ]);
  });
});

test('a drain ends when what was sealed before is shipped, whatever comes meanwhile', async () => {
  const primary = await startPrimary(spool, store.url);
  await withPrimary(primary, async ({ shipper }) => {
    const writer = spool.writer();
    writer.append(verificationKind, verificationEvent(0));
    await writer.seal();
    let isOver = false;
    const drained = shipper.drain(20_000).finally(() => {
      isOver = true;
    });
    for (let number = 1; !isOver; number += 1) {
      writer.append(verificationKind, verificationEvent(number));
      await writer.seal();
    }
    assert.equal(await drained, true);
  });
});

test('segments are found without being told, once the oldest event has its age', async () => {
  const primary = await startPrimary(spool, store.url);
  await withPrimary(primary, async ({ shipper }) => {
    const writer = spool.writer({ segmentAgeMs: 20 });
    const ids = appendAll(writer, 0, 10);
    await waitFor('all rows stored', () => shipper.totals().insertedRows === 10);
    assert.deepEqual(await storedIds(client), ids);
    await writer.close();
  });
});

test('a lost answer is followed by the same insert, and no row counts twice', async () => {
  const proxy = await createFaultyProxy(store.url);
  proxy.loseAnswers(3);
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 3000);
  await writer.close();
  try {
    await withPrimary(await startPrimary(spool, proxy.url), async ({ shipper }) => {
      assert.equal(await shipper.drain(20_000), true);
      assert.equal(proxy.lostAnswers, 3);
      assert.deepEqual(await storedIds(client), ids);
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().insertedRows, 3000);
      assert.equal(shipper.totals().lastFault?.class, 'unreachable');
    });
  } finally {
    await proxy.close();
  }
});

test('ClickHouse away and back again: all that was spooled meanwhile is stored once', async () => {
  const proxy = await createFaultyProxy(store.url);
  proxy.refuseConnections(true);
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 2000);
  await writer.seal();
  const primary = await startPrimary(spool, proxy.url, { laneCount: 2 });
  try {
    await withPrimary(primary, async ({ shipper }) => {
      await waitFor('a fault', () => shipper.totals().lastFault?.class === 'unreachable');
      ids.push(...appendAll(writer, 2000, 4000));
      await writer.close();
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().spooledRows, 4000);
      proxy.refuseConnections(false);
      assert.equal(await shipper.drain(20_000), true);
      assert.deepEqual(await storedIds(client), ids);
      assertBalanced(shipper.totals());
    });
  } finally {
    await proxy.close();
  }
});

test('rows that ClickHouse refuses end in quarantine alone, with the reason', async () => {
  await client.command({
    query: `ALTER TABLE key_verifications_raw_v1
      ADD CONSTRAINT no_bad_path CHECK path NOT LIKE '/bad%'`,
  });
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 1000);
  writer.append(verificationKind, verificationEvent(1000, { path: '/bad/1' }));
  ids.push(...appendAll(writer, 1001, 1500));
  writer.append(verificationKind, verificationEvent(1500, { path: '/bad/2' }));
  await writer.close();
  try {
    await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
      assert.equal(await shipper.drain(20_000), true);
      assert.deepEqual(await storedIds(client), ids);
      const rows = quarantinedRows(spool.folder);
      assert.deepEqual(
        rows.map((row) => row.fields[0]),
        ['req_000001000', 'req_000001500'],
      );
      assert.match(rows[0]?.reason ?? '', /VIOLATED_CONSTRAINT/);
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().quarantinedRows, 2);
    });
  } finally {
    await client.command({
      query: 'ALTER TABLE key_verifications_raw_v1 DROP CONSTRAINT no_bad_path',
    });
  }
});

test('an event that cannot be a row ends in quarantine, its neighbours are stored', async () => {
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 10);
  writer.append(verificationKind, verificationEvent(10, { spentCredits: 0.5 }));
  ids.push(...appendAll(writer, 11, 20));
  await writer.close();
  await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
    assert.equal(await shipper.drain(20_000), true);
    assert.deepEqual(await storedIds(client), ids);
    assert.deepEqual(
      quarantinedRows(spool.folder).map((row) => row.reason),
      ['not an integer: 0.5'],
    );
    assertBalanced(shipper.totals());
  });
});

test('a missing table keeps the events in the spool until it is there', async () => {
  await client.command({
    query: 'RENAME TABLE key_verifications_raw_v1 TO key_verifications_hidden',
  });
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 100);
  await writer.close();
  await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
    await waitFor('a fault', () => shipper.totals().lastFault?.class === 'setup');
    assert.equal(shipper.totals().spooledRows, 100);
    assertBalanced(shipper.totals());
    await client.command({
      query: 'RENAME TABLE key_verifications_hidden TO key_verifications_raw_v1',
    });
    assert.equal(await shipper.drain(20_000), true);
    assert.deepEqual(await storedIds(client), ids);
  });
});

test('a pool thread that dies in the middle of an insert costs nothing', async () => {
  const proxy = await createFaultyProxy(store.url);
  proxy.holdAnswers(true);
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 1000);
  await writer.close();
  const primary = await startPrimary(spool, proxy.url);
  try {
    await withPrimary(primary, async ({ shipper, pool }) => {
      await waitFor('an insert under way', () => proxy.heldAnswers > 0);
      proxy.holdAnswers(false);
      await pool.threads[0]?.terminate();
      assert.equal(await shipper.drain(20_000), true);
      assert.deepEqual(await storedIds(client), ids);
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().insertedRows, 1000);
    });
  } finally {
    await proxy.close();
  }
});

test('a batch whose primary ended before the answer is counted once by the next', async () => {
  const proxy = await createFaultyProxy(store.url);
  proxy.holdAnswers(true);
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 1000);
  await writer.seal();
  const first = await startPrimary(spool, proxy.url);
  await waitFor('an insert under way', () => proxy.heldAnswers > 0);
  await first.stop(0);
  ids.push(...appendAll(writer, 1000, 1500));
  await writer.close();
  proxy.holdAnswers(false);
  try {
    await withPrimary(await startPrimary(spool, proxy.url), async ({ shipper }) => {
      assert.equal(await shipper.drain(20_000), true);
      assert.deepEqual(await storedIds(client), ids);
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().insertedRows, 1500);
      assert.deepEqual(readdirSync(spool.folder.segments), []);
    });
  } finally {
    await proxy.close();
  }
});

test('a damaged segment gives its good rows and is kept in quarantine, counted', async () => {
  const writer = spool.writer();
  const ids = appendAll(writer, 0, 100);
  await writer.close();
  const [name = ''] = readdirSync(spool.folder.segments);
  const path = join(spool.folder.segments, name);
  const bytes = readFileSync(path);
  const [first] = readFrames(bytes, readSegmentHeader(bytes) as SegmentHeader).frames;
  bytes[first?.start ?? 0] = 0xff;
  writeFileSync(path, bytes);
  await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
    assert.equal(await shipper.drain(20_000), true);
    assert.deepEqual(await storedIds(client), ids.slice(1));
    assertBalanced(shipper.totals());
    assert.equal(shipper.totals().quarantinedRows, 1);
    assert.equal(shipper.totals().quarantinedSegments, 1);
    assert.deepEqual(readdirSync(spool.folder.quarantine), [name]);
  });
});

test('a segment of another format version is counted and kept, and does no harm', async () => {
  const writer = spool.writer();
  appendAll(writer, 0, 30);
  await writer.seal();
  const [older = ''] = readdirSync(spool.folder.segments).filter((name) => /sealed$/.test(name));
  const bytes = readFileSync(join(spool.folder.segments, older));
  bytes.writeUInt32LE(99, 4);
  writeFileSync(join(spool.folder.segments, older), bytes);
  const ids = appendAll(writer, 30, 60);
  await writer.close();
  const first = await startPrimary(spool, store.url);
  await first.stop();
  await withPrimary(await startPrimary(spool, store.url), async ({ shipper }) => {
    assert.equal(await shipper.drain(20_000), true);
    assert.deepEqual(await storedIds(client), ids);
    const totals = shipper.totals();
    assertBalanced(totals);
    assert.equal(totals.acceptedRows, 60);
    assert.equal(totals.quarantinedRows, 30);
    assert.equal(totals.quarantinedSegments, 1);
    assert.deepEqual(readdirSync(spool.folder.quarantine), [older]);
  });
});

test('a segment that somebody removed is counted as dropped, and holds up nothing', async () => {
  const proxy = await createFaultyProxy(store.url);
  proxy.refuseConnections(true);
  const writer = spool.writer();
  appendAll(writer, 0, 10);
  await writer.seal();
  const primary = await startPrimary(spool, proxy.url);
  try {
    await withPrimary(primary, async ({ shipper }) => {
      await waitFor('a batch under way', () => shipper.totals().lastFault !== undefined);
      const [name = ''] = readdirSync(spool.folder.segments).filter((file) => /sealed$/.test(file));
      rmSync(join(spool.folder.segments, name));
      const ids = appendAll(writer, 10, 20);
      await writer.close();
      proxy.refuseConnections(false);
      assert.equal(await shipper.drain(20_000), true);
      assert.deepEqual(await storedIds(client), ids);
      assertBalanced(shipper.totals());
      assert.equal(shipper.totals().droppedRows.segment_lost, 10);
    });
  } finally {
    await proxy.close();
  }
});
