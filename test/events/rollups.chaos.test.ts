/** What is billed and shown: every table that is filled from the rows agrees with them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RatelimitEvent } from '../../src/domain/ratelimit-event.ts';
import type { VerificationEvent } from '../../src/domain/verification-event.ts';
import type { Clickhouse } from '../../src/events/clickhouse.ts';
import { ratelimitKind } from '../../src/events/ratelimit-kind.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { type TestClickhouse, testClickhouse } from '../support/stores.ts';
import { createFaultyProxy } from './faulty-proxy.ts';
import { clientOf, makeTables, startPrimary, temporaryFolder, testSpool } from './river.ts';
import { verificationEvent } from './verification-events.ts';

const eventCount = 6000;
const levels = ['minute', 'hour', 'day', 'month'];
/** 25 s apart, so that 6,000 events lie in 42 hours, three days and two months. */
const firstMs = Date.UTC(2026, 8, 29, 20);
const stepMs = 25_000;

let store: TestClickhouse;
let client: Clickhouse;
const verifications = Array.from({ length: eventCount }, (_, number) => verificationAt(number));
const decisions = Array.from({ length: eventCount }, (_, number) => decisionAt(number));

function verificationAt(number: number): VerificationEvent {
  const timeMs = firstMs + number * stepMs;
  if (number % 50 !== 0) return verificationEvent(number, { timeMs });
  const unknown = { keyId: '', keyspaceId: '', identityId: '', externalId: '' };
  return verificationEvent(number, { timeMs, ...unknown, outcome: 'NOT_FOUND', spentCredits: 0 });
}

function decisionAt(number: number): RatelimitEvent {
  return {
    requestId: `req_${number}`,
    timeMs: firstMs + number * stepMs,
    workspaceId: 'ws_aaaaaaaaa',
    namespaceId: `rlns_${number % 3}`,
    identifier: `user_${number % 20}`,
    isPassed: number % 7 !== 0,
    overrideId: '',
    limit: 100,
    remaining: 1,
    resetAtMs: firstMs,
    tokens: 1 + (number % 4),
    latencyUs: 5 + (number % 30),
  };
}

before(async () => {
  store = await testClickhouse();
  client = clientOf(store.url);
  await makeTables(client);
  await shipThroughLostAnswers();
});
after(async () => {
  await client.close();
  await store.close();
});

/** Small batches, a third of whose answers are lost: each of these is sent again. */
async function shipThroughLostAnswers(): Promise<void> {
  const temporary = temporaryFolder();
  const spool = testSpool(temporary.path);
  const proxy = await createFaultyProxy(store.url);
  const writer = spool.writer({ segmentBytes: 64 * 1024 });
  for (let number = 0; number < eventCount; number++) {
    assert.ok(writer.append(verificationKind, verifications[number] as VerificationEvent));
    assert.ok(writer.append(ratelimitKind, decisions[number] as RatelimitEvent));
  }
  await writer.close();
  proxy.loseAnswers(8);
  const limits = { rowsMax: 1000, segmentsMax: 4, ageMs: 0 };
  const primary = await startPrimary(spool, proxy.url, { limits });
  try {
    assert.equal(await primary.shipper.drain(60_000), true);
    assert.equal(proxy.lostAnswers, 8);
  } finally {
    await primary.stop();
    await proxy.close();
    spool.close();
    temporary.remove();
  }
}

async function rowsOf<Row>(query: string): Promise<Row[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
}

type Sums = Record<string, number>;

async function sumsOf(table: string, columns: readonly string[]): Promise<Sums> {
  const sums = columns.map((column) => `toInt64(sum(${column})) AS s_${column}`).join(', ');
  const query = `SELECT ${sums} FROM ${table} SETTINGS output_format_json_quote_64bit_integers = 0`;
  const [row] = await rowsOf<Sums>(query);
  return row as Sums;
}

const sumBy = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((sum, item) => sum + of(item), 0);

test('no event counts twice after lost answers: in the rows, nor at any level', async () => {
  const expected = {
    s_count: eventCount,
    s_spent_credits: sumBy(verifications, (event) => event.spentCredits),
    s_latency_us_sum: sumBy(verifications, (event) => event.latencyUs),
  };
  const raw = await rowsOf<{ ids: number; rows: number }>(
    `SELECT toUInt32(uniqExact(request_id)) AS ids, toUInt32(count()) AS rows
     FROM key_verifications_raw_v1`,
  );
  assert.deepEqual(raw, [{ ids: eventCount, rows: eventCount }]);
  for (const level of levels) {
    const columns = ['count', 'spent_credits', 'latency_us_sum'];
    const sums = await sumsOf(`key_verifications_per_${level}_v1`, columns);
    assert.deepEqual(sums, expected, level);
  }
});

test('rate-limit decisions add up at every level', async () => {
  const passed = decisions.filter((event) => event.isPassed);
  const expected = {
    s_passed: passed.length,
    s_total: eventCount,
    s_total_tokens: sumBy(decisions, (event) => event.tokens),
    s_passed_tokens: sumBy(passed, (event) => event.tokens),
  };
  for (const level of levels) {
    const columns = ['passed', 'total', 'total_tokens', 'passed_tokens'];
    assert.deepEqual(await sumsOf(`ratelimits_per_${level}_v1`, columns), expected, level);
  }
});

test('a bucket begins where the clock of UTC says, and holds what happened in it', async () => {
  for (const level of levels) {
    const start = `toStartOf${level[0]?.toUpperCase()}${level.slice(1)}`;
    const instant = `${start}(fromUnixTimestamp64Milli(time, 'UTC'))`;
    const expected = await rowsOf(
      `SELECT toString(${instant}) AS at, outcome, toUInt32(count()) AS n
       FROM key_verifications_raw_v1 GROUP BY at, outcome ORDER BY at, outcome`,
    );
    const found = await rowsOf(
      `SELECT toString(${level === 'day' ? "toDateTime(time, 'UTC')" : 'time'}) AS at, outcome,
         toUInt32(sum(count)) AS n
       FROM key_verifications_per_${level}_v1 GROUP BY at, outcome ORDER BY at, outcome`,
    );
    assert.ok(found.length > 3, level);
    assert.deepEqual(found, expected, level);
  }
});

test('quantiles of the latency merge over any rows, in microseconds', async () => {
  for (const level of levels) {
    const [row] = await rowsOf<{ q: number[] }>(
      `SELECT quantilesTimingMerge(0.5, 0.75, 0.9, 0.99)(latency_us_quantiles) AS q
       FROM key_verifications_per_${level}_v1`,
    );
    // Latencies are 3 to 52, evenly.
    for (const [index, exact] of [27.5, 40, 47.5, 52].entries()) {
      assert.ok(Math.abs((row?.q[index] ?? 0) - exact) < 1.5, `${level}: ${row?.q}`);
    }
  }
});

test('the last use of each key is there, whatever its outcome, and of no unknown key', async () => {
  const expected = new Map<string, number>();
  for (const { keyId, timeMs } of verifications) if (keyId !== '') expected.set(keyId, timeMs);
  const found = await rowsOf<{ keyId: string; at: string }>(
    'SELECT key_id AS keyId, toString(max(time)) AS at FROM key_last_used_v1 GROUP BY key_id',
  );
  assert.deepEqual(new Map(found.map(({ keyId, at }) => [keyId, Number(at)])), expected);
});

test('what is billed is what was VALID, month by month', async () => {
  const isBilled = ({ outcome, timeMs }: VerificationEvent, month: number) =>
    outcome === 'VALID' && new Date(timeMs).getUTCMonth() === month;
  const found = await rowsOf(
    `SELECT toString(time) AS month, workspace_id AS ws, toUInt32(sum(count)) AS n
     FROM billable_verifications_per_month_v1 GROUP BY time, ws ORDER BY time`,
  );
  assert.deepEqual(found, [
    billed('2026-09-01', verifications.filter((event) => isBilled(event, 8)).length),
    billed('2026-10-01', verifications.filter((event) => isBilled(event, 9)).length),
  ]);
});

function billed(month: string, n: number) {
  return { month, ws: 'ws_aaaaaaaaa', n };
}
