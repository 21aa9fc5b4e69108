import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import { freePort } from '../support/free-port.ts';
import { readMetrics } from '../support/metrics.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testClickhouse, testDatabase } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';
import type { SenderArguments } from './ingest-sender.ts';

const password = 'a long and random one';
const passwordSha256 = createHash('sha256').update(password).digest('hex');
/** Refusals are what these tests are about. */
const log = { level: ClickHouseLogLevel.OFF };
const folder = mkdtempSync(join(tmpdir(), 'latchkey-ingest-'));
const usersFile = join(folder, 'users.json');

let server: TestServer;
let stores: { postgres: { close(): Promise<void> }; clickhouse: { close(): Promise<void> } };
let database: string;
/** Straight to ClickHouse. */
let store: ClickHouseClient;
/** To the server, as a service would have it. */
let client: ClickHouseClient;

before(async () => {
  const [postgres, clickhouse] = [await testDatabase(), await testClickhouse()];
  stores = { postgres, clickhouse };
  database = clickhouse.database;
  const tables = ['requests', 'missing', 'never'].map((table) => `${database}.${table}`);
  writeFileSync(usersFile, JSON.stringify({ users: [{ name: 'shop', passwordSha256, tables }] }));
  server = await startServer({
    workers: 2,
    stores: { databaseUrl: postgres.url, clickhouseUrl: clickhouse.url },
    settings: { LATCHKEY_INGEST_USERS_FILE: usersFile },
  });
  store = createClient({ url: clickhouse.url });
  client = createClient({ url: asShop(server.url), pathname: '/ingest', database, log });
  await store.command({
    query: `CREATE TABLE requests (id UInt32, text String, at DateTime DEFAULT 0)
      ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
  });
});
after(async () => {
  await client.close();
  await store.close();
  await server.close();
  await stores.postgres.close();
  await stores.clickhouse.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => store.command({ query: 'TRUNCATE TABLE requests' }));

function asShop(url: string): string {
  const parsed = new URL(url);
  parsed.username = 'shop';
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

async function storedIds(): Promise<number[]> {
  const result = await store.query({
    query: 'SELECT id FROM requests ORDER BY id',
    format: 'JSONCompactEachRow',
  });
  return (await result.json<[number]>()).map(([id]) => id);
}

async function arrived(count: number): Promise<number[]> {
  await waitFor('the rows are stored', async () => (await storedIds()).length >= count, 20_000);
  return storedIds();
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

test('processes that end right after the answer have their rows stored', async () => {
  const sender = join(import.meta.dirname, 'ingest-sender.ts');
  const codes = await Promise.all(
    upTo(4).map(async (number) => {
      const args: SenderArguments = [asShop(server.url), database, String(number)];
      const child = spawn(process.execPath, [sender, ...args], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      return (await once(child, 'exit'))[0];
    }),
  );
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.deepEqual(await arrived(4), upTo(4));
});

test('ten thousand calls with a row each become a handful of inserts', async () => {
  const callCount = 10_000;
  const before = await readMetrics(server.adminUrl);
  const startMs = performance.now();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const next = upTo(callCount).values();
  const lane = async () => {
    for (const id of next) {
      assert.equal((await post({ agent, body: `{"id":${id},"text":"x"}` })).status, 200);
    }
  };
  await Promise.all(upTo(16).map(lane));
  agent.destroy();
  const seconds = (performance.now() - startMs) / 1000;
  assert.deepEqual(await arrived(callCount), upTo(callCount));
  const count = async (name: string) =>
    (await readMetrics(server.adminUrl)).total(name) - before.total(name);
  await waitFor(
    'all is counted',
    async () => (await count('latchkey_ingest_inserted_total')) === callCount,
  );
  const insertCount = await count('latchkey_ingest_batches_total');
  // A batch is closed when it is a second old; each worker's segments are, too.
  assert.ok(insertCount <= 2 * (seconds + 2), `${insertCount} inserts in ${seconds} s`);
  assert.ok(insertCount < callCount / 100, `${insertCount} inserts`);
  assert.equal(await count('latchkey_ingest_accepted_total'), callCount);
});

async function metric(name: string): Promise<number> {
  return (await readMetrics(server.adminUrl)).total(`latchkey_${name}`);
}

function allIsSettled(): Promise<void> {
  const isSettled = async () => (await metric('ingest_spooled')) === 0;
  return waitFor('nothing is left in the spool', isSettled, 30_000);
}

type Post = {
  query?: string;
  /** Of another server than the usual one. */
  url?: string;
  /** Instead of the query. */
  path?: string;
  body: string | Buffer;
  headers?: object;
  auth?: string;
  agent?: Agent;
};

function post({ query, path, body, headers = {}, auth = `shop:${password}`, ...rest }: Post) {
  const { agent, url: base = server.url } = rest;
  const insert = query ?? `INSERT INTO ${database}.requests FORMAT JSONEachRow`;
  const url = base + (path ?? `/ingest?${insert && `query=${encodeURIComponent(insert)}`}`);
  const options = { method: 'POST', auth, agent: agent ?? false, headers: { ...headers } };
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const sent = request(url, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
        });
      });
      sent.on('error', reject).end(body);
    },
  );
}

test('every format, packed or not, by the client or by hand', async () => {
  const table = `${database}.requests`;
  const json = { table: 'requests', values: [{ id: 1, text: 'ä' }] } as const;
  await client.insert({ ...json, format: 'JSONEachRow' });
  const values = [[2, 'b']];
  await client.insert({
    table: 'requests',
    values,
    columns: ['id', 'text'],
    format: 'JSONCompactEachRow',
  });
  const packing = createClient({
    ...{ url: asShop(server.url), pathname: '/ingest', database },
    compression: { request: true },
  });
  await packing.insert({
    table: 'requests',
    values: [{ id: 3, text: 'c' }],
    format: 'JSONEachRow',
  });
  await packing.close();
  const rows: Post[] = [
    { query: `INSERT INTO ${table} (id, text) FORMAT CSV`, body: '4,"d\ne"\n' },
    { query: `INSERT INTO ${table} FORMAT CSVWithNames`, body: 'text,id\ne,5\n' },
    { query: `INSERT INTO ${table} (id, text) FORMAT TSV`, body: '6\tf\n' },
    { query: `INSERT INTO ${table} FORMAT TabSeparatedWithNames`, body: 'id\ttext\n7\tg' },
    { query: '', body: `INSERT INTO ${table} FORMAT JSONEachRow\n[{"id":8},{"id":9}]` },
    {
      body: gzipSync('{"id":10}'),
      headers: { 'Content-Encoding': 'gzip' },
    },
    {
      query: `INSERT INTO ${table} FORMAT JSONCompactEachRowWithNames`,
      body: '["text","id"]\n["h",12]',
    },
    {
      query: `INSERT INTO ${table} SETTINGS date_time_input_format='best_effort'
        FORMAT JSONEachRow`,
      body: '{"id":11,"at":"2026-01-02T03:04:05Z"}',
    },
  ];
  for (const row of rows) {
    const { status, text } = await post(row);
    assert.equal(status, 200, `${row.query}: ${text}`);
  }
  assert.deepEqual(await arrived(12), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('the client finds the server alive, and reads why an insert is refused', async () => {
  assert.deepEqual(await client.ping(), { success: true });
  assert.deepEqual(await client.ping({ select: true }), { success: true });
  const insert = (table: string, format: 'JSONEachRow', values: unknown[]) =>
    client.insert({ table, format, values });
  await assert.rejects(insert('secrets', 'JSONEachRow', [{ a: 1 }]), (error) => {
    assert.ok(error instanceof ClickHouseError);
    assert.equal(error.code, '497');
    assert.equal(error.type, 'ACCESS_DENIED');
    return true;
  });
  const nobody = { username: 'nobody', log };
  const stranger = createClient({ url: server.url, pathname: '/ingest', ...nobody });
  await assert.rejects(
    stranger.insert({ table: 'requests', values: [{ id: 1 }], format: 'JSONEachRow' }),
    (error) => error instanceof ClickHouseError && error.code === '516',
  );
  await stranger.close();
});

test('what cannot be rows is refused at once; a bomb is not unpacked', async () => {
  assert.equal((await post({ body: '{"id":' })).status, 400);
  const headers = { 'Content-Encoding': 'gzip' };
  assert.equal((await post({ body: 'no gzip', headers })).status, 400);
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
  assert.equal((await post({ body: bomb, headers })).status, 413);
  assert.equal((await post({ body: 'x', headers: { 'Content-Encoding': 'br' } })).status, 400);
});

test('nothing is unpacked for a stranger, and what is sent comes back in no header', async () => {
  const stranger = await post({
    ...{ body: gzipSync(Buffer.alloc(16 * 2 ** 20)), headers: { 'Content-Encoding': 'gzip' } },
    auth: 'shop:wrong',
  });
  assert.deepEqual(
    [stranger.status, stranger.headers['x-clickhouse-exception-code']],
    [403, '516'],
  );
  const insert = encodeURIComponent(`INSERT INTO ${database}.requests FORMAT JSONEachRow`);
  const id = encodeURIComponent('x\r\nSet-Cookie: a=b');
  const { status, headers } = await post({
    body: '{"id":1}',
    path: `/ingest?query=${insert}&query_id=${id}`,
  });
  assert.deepEqual([status, headers['set-cookie']], [200, undefined]);
  assert.match(String(headers['x-clickhouse-query-id']), /^req_\w+$/);
  assert.deepEqual(await arrived(1), [1]);
});

test('credentials may stand in headers of their own, or in the URL', async () => {
  const query = `INSERT INTO requests FORMAT JSONEachRow`;
  const url = `${server.url}/ingest?query=${encodeURIComponent(query)}`;
  const headers = {
    ...{ 'X-ClickHouse-User': 'shop', 'X-ClickHouse-Key': password },
    'X-ClickHouse-Database': database,
  };
  const byHeaders = await fetch(url, { method: 'POST', body: '{"id":1}', headers });
  assert.equal(byHeaders.status, 200, await byHeaders.text());
  assert.match(byHeaders.headers.get('x-clickhouse-summary') ?? '', /"written_rows":"1"/);
  const credentials = `user=shop&password=${encodeURIComponent(password)}&database=${database}`;
  const byUrl = await fetch(`${url}&${credentials}`, { method: 'POST', body: '{"id":2}' });
  assert.equal(byUrl.status, 200, await byUrl.text());
  assert.deepEqual(await arrived(2), [1, 2]);
});

test('no row takes the next one with it, whoever sent that', async () => {
  const csv = `INSERT INTO ${database}.requests (id, text) FORMAT CSV`;
  const tsv = `INSERT INTO ${database}.requests (id, text) FORMAT TSV`;
  const quarantinedBefore = await metric('ingest_quarantined_total');
  const sent: [query: string, body: string, status: number][] = [
    [csv, 'id,text\n', 200],
    [csv, '1,it"s\n', 200],
    [csv, '2,"a""b', 400],
    [csv, 'x"y,"z\n', 400],
    [csv, "3,'open\n", 200],
    [tsv, '4\topen\\', 400],
    [tsv, '5\ttwo\\\nlines\n', 200],
    [csv, '6,neighbour\n', 200],
    [tsv, '7\tneighbour\n', 200],
  ];
  for (const [query, body, status] of sent) {
    assert.equal((await post({ query, body })).status, status, body);
  }
  assert.deepEqual(await arrived(5), [1, 3, 5, 6, 7]);
  const result = await store.query({ query: 'SELECT text FROM requests ORDER BY id' });
  const texts = (await result.json<{ text: string }>()).data.map(({ text }) => text);
  assert.deepEqual(texts, ['it"s', "'open", 'two\nlines', 'neighbour', 'neighbour']);
  await waitFor('the line of names is no row', async () => {
    return (await metric('ingest_quarantined_total')) === quarantinedBefore + 1;
  });
});

test('a row that is refused, or a table that is not there, holds up nobody else', async () => {
  const quarantinedBefore = await metric('ingest_quarantined_total');
  assert.equal((await post({ body: '{"id":"no number"}' })).status, 200);
  const query = `INSERT INTO ${database}.missing FORMAT JSONEachRow`;
  assert.equal((await post({ query, body: '{"id":1}' })).status, 200);
  for (const id of [20, 21, 22]) assert.equal((await post({ body: `{"id":${id}}` })).status, 200);
  assert.deepEqual(await arrived(3), [20, 21, 22]);
  await store.command({ query: 'CREATE TABLE missing (id UInt32) ENGINE = MergeTree ORDER BY id' });
  await allIsSettled();
  assert.equal(await metric('ingest_quarantined_total'), quarantinedBefore + 1);
  const result = await store.query({ query: 'SELECT id FROM missing', format: 'JSONEachRow' });
  assert.deepEqual(await result.json(), [{ id: 1 }]);
});

test('a table that never comes takes some lanes, and then its rows go to quarantine', async () => {
  const quarantinedBefore = await metric('ingest_quarantined_total');
  const query = `INSERT INTO ${database}.never FORMAT JSONEachRow`;
  for (let id = 1; id <= 6; id += 1) {
    assert.equal((await post({ query, body: `{"id":${id}}` })).status, 200);
    assert.equal((await post({ body: `{"id":${id}}` })).status, 200);
    await arrived(id);
  }
  // Half of the eight lanes wait for it.
  await waitFor('the others do not', async () => {
    return (await metric('ingest_quarantined_total')) === quarantinedBefore + 2;
  });
  await store.command({ query: 'CREATE TABLE never (id UInt32) ENGINE = MergeTree ORDER BY id' });
  await allIsSettled();
  const result = await store.query({ query: 'SELECT count() AS n FROM never' });
  assert.equal(Number((await result.json<{ n: string }>()).data[0]?.n), 4);
});

test('what was accepted is inserted, spooled, quarantined or dropped for a reason', async () => {
  await allIsSettled();
  const metrics = await readMetrics(server.adminUrl);
  const of = (name: string) => metrics.total(`latchkey_ingest_${name}`);
  const known = of('inserted_total') + of('quarantined_total') + of('dropped_total');
  assert.equal(of('accepted_total'), known + of('spooled'));
  assert.equal(of('dropped_total'), 0);
});

test('a full spool answers 503 with Retry-After, and takes nothing', async () => {
  const away = `http://x:y@127.0.0.1:${await freePort()}/${database}`;
  const full = await startServer({
    workers: 1,
    stores: { databaseUrl: server.databaseUrl, clickhouseUrl: away },
    settings: {
      LATCHKEY_ROOT_KEY: server.rootKey,
      LATCHKEY_INGEST_USERS_FILE: usersFile,
      LATCHKEY_INGEST_BYTES_MAX: String(64 * 2 ** 20),
    },
  });
  try {
    const query = encodeURIComponent(`INSERT INTO ${database}.requests FORMAT CSV`);
    const body = '1,x\n'.repeat(2 ** 20);
    const send = () => post({ url: full.url, path: `/ingest?query=${query}`, body });
    let answer = await send();
    let takenCount = 0;
    for (; answer.status === 200 && takenCount < 100; takenCount += 1) answer = await send();
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5'], answer.text);
    const metrics = await readMetrics(full.adminUrl);
    assert.equal(metrics.total('latchkey_ingest_accepted_total'), takenCount);
    assert.equal(metrics.total('latchkey_ingest_spooled'), takenCount);
  } finally {
    await full.close();
  }
});
