import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import { createClickhouse } from '../../src/events/clickhouse.ts';
import { openDatabase } from '../../src/lib/database.ts';
import { allInserted } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { rootKeyWith } from '../support/root-key.ts';
import { startServer, type TestServer } from '../support/server.ts';

const monthMs = 30 * 24 * 3600 * 1000;

let server: TestServer;
let unkey: Unkey;

before(async () => {
  server = await startServer({ workers: 2 });
  unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey });
});
after(() => server.close());

const asked = { namespace: 'email', identifier: 'user_1', limit: 3, duration: monthMs };

test('the official SDK counts, looks and is refused', async () => {
  const first = await unkey.ratelimit.limit({ ...asked, cost: 2 });
  assert.equal(first.data.success, true);
  assert.equal(first.data.limit, 3);
  assert.equal(first.data.remaining, 1);
  assert.equal(first.data.overrideId, undefined);
  const refused = await unkey.ratelimit.limit({ ...asked, cost: 2 });
  assert.deepEqual([refused.data.success, refused.data.remaining], [false, 0]);
  assert.equal(refused.data.reset, first.data.reset);
  const { data } = await unkey.ratelimit.limit({ ...asked, cost: 0 });
  assert.deepEqual([data.success, data.remaining], [true, 1]);
});

test('the official SDK decides several limits together, each under its own names', async () => {
  const items = [
    { ...asked, identifier: 'user_2' },
    { ...asked, namespace: 'sms', identifier: 'user_2', limit: 1 },
  ];
  const { data: passed } = await unkey.ratelimit.multiLimit(items);
  assert.equal(passed.passed, true);
  const { data: refused } = await unkey.ratelimit.multiLimit(items);
  assert.equal(refused.passed, false);
  assert.deepEqual(
    refused.limits.map(({ namespace, identifier, limit, remaining, passed }) => [
      ...[namespace, identifier, limit, remaining, passed],
    ]),
    [
      ['email', 'user_2', 3, 2, true],
      ['sms', 'user_2', 1, 0, false],
    ],
  );
});

test('the official SDK sets, reads, pages through and deletes overrides', async () => {
  const namespace = 'overridden';
  await unkey.ratelimit.limit({ ...asked, namespace });
  const made = new Map<string, string>();
  for (let number = 0; number < 12; number += 1) {
    const identifier = number === 0 ? 'user_*' : `other_${number}`;
    const set = { namespace, identifier, limit: number, duration: 60_000 };
    made.set(identifier, (await unkey.ratelimit.setOverride(set)).data.overrideId);
  }
  const { data: found } = await unkey.ratelimit.getOverride({ namespace, identifier: 'user_9' });
  const overrideId = made.get('user_*');
  assert.deepEqual(found, { overrideId, identifier: 'user_*', limit: 0, duration: 60_000 });
  const listed: string[] = [];
  for await (const page of await unkey.ratelimit.listOverrides({ namespace })) {
    listed.push(...page.result.data.map((override) => override.overrideId));
  }
  assert.deepEqual(listed, [...made.values()].sort());

  const { data: decided } = await unkey.ratelimit.limit({ ...asked, namespace });
  assert.deepEqual([decided.success, decided.limit, decided.remaining], [false, 0, 0]);
  assert.equal(decided.overrideId, overrideId);
  await unkey.ratelimit.deleteOverride({ namespace, identifier: 'user_*' });
  const { data: after } = await unkey.ratelimit.limit({ ...asked, namespace });
  assert.deepEqual([after.limit, after.overrideId], [3, undefined]);
});

test('refusals are the typed errors that the official SDK knows', async () => {
  const missing = { namespace: 'missing', identifier: 'user_1' };
  await assert.rejects(unkey.ratelimit.getOverride(missing), {
    name: 'NotFoundErrorResponse',
    statusCode: 404,
  });
  await assert.rejects(unkey.ratelimit.deleteOverride({ ...missing, namespace: 'email' }), {
    name: 'NotFoundErrorResponse',
  });
  const rootKey = await rootKeyWith(server, 'ratelimit.*.read_override');
  const powerless = new Unkey({ serverURL: server.url, rootKey });
  await assert.rejects(powerless.ratelimit.limit(asked), { name: 'ForbiddenErrorResponse' });
  const set = { ...missing, namespace: 'email', limit: 1, duration: 1000 };
  await assert.rejects(powerless.ratelimit.setOverride(set), { name: 'ForbiddenErrorResponse' });

  await unkey.ratelimit.limit({ ...asked, namespace: 'gone' });
  const database = openDatabase(server.databaseUrl, { connectionsMax: 1, applicationName: 'test' });
  await database`update latchkey.ratelimit_namespaces set deleted_at_ms = 1 where name = 'gone'`;
  await database.end();
  await unkey.apis.createApi({ name: 'waits for the replica' });
  await assert.rejects(unkey.ratelimit.limit({ ...asked, namespace: 'gone' }), {
    name: 'GoneErrorResponse',
    statusCode: 410,
  });
});

type Row = Record<string, unknown>;

async function rowsOf(requestIds: string[]): Promise<Row[]> {
  const client = createClickhouse({
    url: server.clickhouseUrl,
    requestTimeoutMs: 10_000,
    connectionsMax: 1,
  });
  try {
    const result = await client.query({
      query: `select * from ratelimits_raw_v1 where request_id in {requestIds: Array(String)}
        order by time, identifier settings output_format_json_quote_64bit_integers = 0`,
      query_params: { requestIds },
      format: 'JSONEachRow',
    });
    return await result.json<Row>();
  } finally {
    await client.close();
  }
}

test('each decision is one row, and one that was asked to be kept out is none', async () => {
  const namespace = 'recorded';
  const decisions = async () =>
    (await readMetrics(server.adminUrl)).total('latchkey_ratelimit_decisions_total');
  const earlier = await decisions();
  await unkey.ratelimit.limit({ ...asked, namespace, cost: 0 });
  const set = { namespace, identifier: 'b*', limit: 1, duration: monthMs };
  const { data: override } = await unkey.ratelimit.setOverride(set);
  const items = ['a', 'b1'].map((identifier) => ({ ...asked, namespace, identifier, cost: 1 }));
  const passed = await unkey.ratelimit.multiLimit(items);
  const refused = await unkey.ratelimit.multiLimit(items);
  const silent = await unkey.ratelimit.limit(
    { ...asked, namespace },
    { headers: { 'X-Unkey-Metrics': 'disabled' } },
  );
  assert.equal(silent.data.success, true);
  await allInserted(server.adminUrl);
  assert.equal((await decisions()) - earlier, 5);

  const ids = [passed, refused, silent].map(({ meta }) => meta.requestId);
  const rows = await rowsOf(ids);
  const reset = passed.data.limits[0]?.reset;
  const ofRow = (row: Row) => [
    ...[row.request_id, row.identifier, row.passed, row.override_id],
    ...[row.limit, row.remaining, row.reset_at, row.tokens],
  ];
  const { overrideId } = override;
  assert.deepEqual(rows.map(ofRow), [
    [ids[0], 'a', true, '', 3, 2, reset, 1],
    [ids[0], 'b1', true, overrideId, 1, 0, reset, 1],
    // Nothing was counted for the first, because of the second.
    [ids[1], 'a', true, '', 3, 2, reset, 0],
    [ids[1], 'b1', false, overrideId, 1, 0, reset, 1],
  ]);
  for (const row of rows) {
    assert.match(String(row.workspace_id), /^ws_/);
    assert.match(String(row.namespace_id), /^rlns_/);
    assert.ok((row.latency_us as number) > 0);
  }
});
