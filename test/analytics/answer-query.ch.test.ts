import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ratelimitTables } from '../../src/analytics/analytics-tables.ts';
import { type AnalyticsStore, answerQuery } from '../../src/analytics/answer-query.ts';
import { createClickhouse } from '../../src/events/clickhouse.ts';
import { freePort } from '../support/free-port.ts';
import { dayMs, openWorld, question, type World } from './analytics-world.ts';
import { expensive, harmless, refusals } from './escapes.ts';

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

function fillIn(sql: string, { publicDatabase }: AnalyticsStore): string {
  return sql.replaceAll('{{db}}', publicDatabase.replace('public_', ''));
}

async function rowsOf(sql: string, changes: Partial<typeof question> = {}) {
  const answer = await world.ask(sql, changes);
  assert.ok(answer.ok, `${sql}: ${JSON.stringify(answer)}`);
  return JSON.parse(answer.rowsJson);
}

for (const reader of ['restricted', 'owner'] as const) {
  test(`each attempt to escape gets its error, asked as the ${reader} user`, async () => {
    assert.ok(refusals.length >= 60);
    const store = world.store(reader);
    const wrong: string[] = [];
    for (const [sql, code] of refusals) {
      const answer = await answerQuery(store, { ...question, sql: fillIn(sql, store) });
      const found = answer.ok ? `answered ${answer.rowsJson.slice(0, 80)}` : answer.fault.code;
      const detail = answer.ok ? '' : answer.fault.detail;
      if (found !== code) wrong.push(`${sql.slice(0, 150)}\n  ${found}: ${detail}`);
      const isTelling = detail.includes(store.publicDatabase) && !sql.includes('public_');
      if (isTelling) wrong.push(`${sql}\n  tells ${detail}`);
    }
    assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
  });

  test(`what is allowed shows no row of another workspace to the ${reader} user`, async () => {
    const store = world.store(reader);
    for (const sql of harmless) {
      const answer = await answerQuery(store, { ...question, sql: fillIn(sql, store) });
      assert.ok(answer.ok, `${sql}: ${JSON.stringify(answer)}`);
      const text = answer.rowsJson.replaceAll('"workspace_id":"ws_secret","request_id":"req_', '');
      assert.doesNotMatch(text, /secret/, sql);
    }
  });
}

test('an expensive query ends at its limit, with the error of that limit', async () => {
  for (const [sql, code, limits] of expensive) {
    const answer = await answerQuery(world.store('restricted', limits), { ...question, sql });
    assert.equal(answer.ok ? `answered ${sql}` : answer.fault.code, code);
  }
});

test('the views show nothing to whoever does not say which workspace', async () => {
  const { client } = world.store('owner');
  const query = 'SELECT toUInt32(count()) AS n FROM key_verifications_v1';
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
  assert.deepEqual(rows, [{ n: 0 }]);
});

test('a scope holds in every use of a table; an empty one shows nothing', async () => {
  const scoped = { scope: ['ks_1'] };
  const sql = `WITH c AS (SELECT key_space_id AS k FROM key_verifications_per_hour_v1)
    SELECT DISTINCT k FROM c UNION DISTINCT SELECT key_space_id FROM key_verifications_v1`;
  assert.deepEqual(await rowsOf(sql, scoped), [{ k: 'ks_1' }]);
  assert.equal((await rowsOf(sql)).length, 2);
  assert.deepEqual(await rowsOf(sql, { scope: [] }), []);
  const byNamespace = 'SELECT DISTINCT namespace_id AS n FROM ratelimits_v1 ORDER BY n';
  const ofLimits = { tables: ratelimitTables };
  assert.deepEqual(await rowsOf(byNamespace, { ...ofLimits, scope: ['rlns_2', "x'y\\"] }), [
    { n: 'rlns_2' },
  ]);
});

test('without a bound of time only rows inside the retention are seen', async () => {
  const within = (days: number) =>
    world.events.filter(({ timeMs }) => timeMs >= world.nowMs - days * dayMs).length;
  const [raw] = await rowsOf('SELECT count() AS n FROM key_verifications_v1');
  assert.deepEqual(raw, { n: within(30) });
  const sevenDays = { retentionDays: 7 };
  const [fewer] = await rowsOf('SELECT count() AS n FROM key_verifications_v1', sevenDays);
  assert.deepEqual(fewer, { n: within(7) });
  const oldest = 'SELECT min(time) AS at FROM key_verifications_per_day_v1';
  const firstDay = new Date(world.nowMs - 7 * dayMs).toISOString().slice(0, 10);
  assert.deepEqual(await rowsOf(oldest, sevenDays), [{ at: firstDay }]);
});

test('a bound exactly at the retention is fine', async () => {
  for (const bound of [
    'time >= now() - INTERVAL 30 DAY',
    'time >= now64() - INTERVAL 30 DAY',
    'time >= toStartOfDay(now()) - INTERVAL 30 DAY',
    `time > ${world.nowMs - 30 * dayMs}`,
    'time <= now()',
    'time < 5',
  ]) {
    await rowsOf(`SELECT count() AS n FROM key_verifications_v1 WHERE ${bound}`);
  }
  await rowsOf('SELECT count() AS n FROM key_verifications_per_day_v1 WHERE time >= today() - 30');
});

test('the result is cut off at the largest number of rows, also of a UNION', async () => {
  const store = world.store('restricted', { resultRows: 7 });
  const union = `SELECT time FROM key_verifications_v1
    UNION ALL SELECT time FROM key_verifications_v1`;
  for (const sql of ['SELECT time FROM key_verifications_v1 LIMIT 100', union]) {
    const answer = await answerQuery(store, { ...question, sql });
    assert.ok(answer.ok);
    assert.equal(JSON.parse(answer.rowsJson).length, 7);
  }
});

test('values come as JSON: numbers, lists, ISO instants, null for what is no number', async () => {
  const [row] = await rowsOf(`SELECT time, tags, latency, toInt64(9007199254740991) AS large,
      toDateTime(0) AS instant, toDate(0) AS day, 1 / 0 AS infinite, 0 / 0 AS nothing,
      toDateTime64(1.5, 3) AS precise
    FROM key_verifications_v1 ORDER BY time DESC LIMIT 1`);
  assert.deepEqual(row, {
    time: world.events[0]?.timeMs,
    tags: ['env=prod', 'path=/v0'],
    latency: 0.008,
    large: 9007199254740991,
    instant: '1970-01-01T00:00:00Z',
    day: '1970-01-01',
    infinite: null,
    nothing: null,
    precise: '1970-01-01T00:00:01.500Z',
  });
});

test('raw milliseconds compared with an instant mean that instant', async () => {
  const since = (ms: number) =>
    world.events.filter(({ timeMs }) => timeMs >= world.nowMs - ms).length;
  const weekCount = since(7 * dayMs);
  for (const condition of [
    'time >= now() - INTERVAL 7 DAY',
    'time > now64(3) - INTERVAL 7 DAY AND time <= now()',
    'time BETWEEN now() - INTERVAL 7 DAY AND now()',
    'now() - INTERVAL 7 DAY < t.time',
    `time >= now() - INTERVAL 20 DAY AND time >= ${world.nowMs - 7 * dayMs}`,
    'time >= toUnixTimestamp64Milli(now64() - INTERVAL 7 DAY)',
    'fromUnixTimestamp64Milli(time) >= now() - INTERVAL 7 DAY',
  ]) {
    const sql = `WITH c AS (SELECT * FROM key_verifications_v1 AS t WHERE ${condition})
      SELECT count() AS n FROM c`;
    const [{ n }] = await rowsOf(sql);
    assert.equal(n, weekCount, condition);
  }
});

test('a server that is away, or that does not know the user, is told apart', async () => {
  const away = createClickhouse({
    url: `http://127.0.0.1:${await freePort()}/x`,
    requestTimeoutMs: 1000,
    connectionsMax: 1,
  });
  const sql = 'SELECT count() FROM key_verifications_v1';
  const store = world.store('restricted');
  const unreachable = await answerQuery({ ...store, client: away }, { ...question, sql });
  assert.equal(!unreachable.ok && unreachable.fault.code, 'unkey/data/analytics_connection_failed');
  await away.close();
});

/** As they stand in documentation; `n` is what they must count, over the last seven days. */
const shapes: readonly (readonly [sql: string, expected: (events: World['events']) => unknown])[] =
  [
    [
      'SELECT COUNT(*) AS n FROM key_verifications_v1 WHERE time >= now() - INTERVAL 7 DAY',
      (events) => [{ n: events.length }],
    ],
    [
      `SELECT outcome, SUM(count) AS n FROM key_verifications_per_hour_v1
     WHERE time >= now() - INTERVAL 7 DAY GROUP BY outcome ORDER BY n DESC, outcome`,
      (events) => {
        const rows = ['VALID', 'RATE_LIMITED', 'EXPIRED'].map((outcome) => ({
          outcome,
          n: events.filter((event) => event.outcome === outcome).length,
        }));
        return rows.sort((a, b) => b.n - a.n || (a.outcome < b.outcome ? -1 : 1));
      },
    ],
    [
      `SELECT sumIf(count, outcome = 'VALID') AS valid, sumIf(count, outcome != 'VALID') AS refused,
       round(sumIf(count, outcome = 'VALID') / SUM(count), 1) AS share
     FROM key_verifications_per_minute_v1 WHERE time >= now() - INTERVAL 7 DAY`,
      (events) => {
        const valid = events.filter(({ outcome }) => outcome === 'VALID').length;
        return [{ valid, refused: events.length - valid, share: 0.6 }];
      },
    ],
    [
      `SELECT key_id, SUM(count) AS n FROM key_verifications_per_minute_v1
     WHERE time >= now() - INTERVAL 7 DAY AND key_id IN ('key_1', 'key_2')
     GROUP BY key_id ORDER BY key_id LIMIT 10`,
      (events) =>
        ['key_1', 'key_2'].map((key_id) => ({
          key_id,
          n: events.filter(({ keyId }) => keyId === key_id).length,
        })),
    ],
    [
      `SELECT arrayJoin(tags) AS tag, count() AS n FROM key_verifications_v1
     WHERE time >= now() - INTERVAL 7 DAY AND has(tags, 'env=prod')
       AND hasAny(tags, ['path=/v1', 'path=/v0'])
     GROUP BY tag HAVING tag = 'env=prod'`,
      (events) => [{ tag: 'env=prod', n: events.filter(({ tags }) => tags.length > 0).length }],
    ],
    [
      `WITH per_user AS (
       SELECT external_id, SUM(count) AS total, SUM(spent_credits) AS credits
       FROM key_verifications_per_minute_v1 WHERE time >= now() - INTERVAL 7 DAY
       GROUP BY external_id
     )
     SELECT count() AS users, sum(total) AS n, max(credits) > 0 AS spent FROM per_user`,
      (events) => [{ users: 12, n: events.length, spent: 1 }],
    ],
    [
      `SELECT CASE WHEN outcome = 'VALID' THEN 'good' ELSE 'bad' END AS verdict, count(*) AS n,
       COUNT(DISTINCT key_id) AS keys
     FROM key_verifications_v1 WHERE time >= now() - INTERVAL 7 DAY AND outcome = 'VALID'
     GROUP BY verdict`,
      (events) => {
        const n = events.filter(({ outcome }) => outcome === 'VALID').length;
        return [{ verdict: 'good', n, keys: 12 }];
      },
    ],
  ];

test('the documented shapes of queries answer what they ask', async () => {
  const events = world.events.filter(({ timeMs }) => timeMs >= world.nowMs - 7 * dayMs);
  for (const [sql, expected] of shapes) {
    assert.deepEqual(await rowsOf(sql), expected(events), sql);
  }
});

test('days, months, joins and texts can be asked for', async () => {
  for (const sql of [
    `SELECT time, SUM(count) AS n FROM key_verifications_per_day_v1
     WHERE time >= toStartOfDay(now()) - INTERVAL 7 DAY GROUP BY time ORDER BY time ASC`,
    `SELECT toStartOfDay(time) AS day, SUM(count) AS n FROM key_verifications_per_hour_v1
     WHERE time >= toStartOfDay(now() - INTERVAL 3 DAY) GROUP BY day ORDER BY day`,
    `SELECT date_trunc('day', time) AS day, quantile(0.95)(count) AS q, avg(latency_avg) AS l
     FROM key_verifications_per_minute_v1 GROUP BY day ORDER BY day DESC LIMIT 3 OFFSET 1`,
    `SELECT toStartOfHour(fromUnixTimestamp64Milli(time)) AS hour, avg(latency) AS l,
       uniq(key_id) AS keys, uniqExact(external_id) AS users, any(region) AS r
     FROM key_verifications_v1 WHERE time >= now() - INTERVAL 1 DAY GROUP BY hour ORDER BY hour`,
    `SELECT formatDateTime(time, '%Y-%m') AS month, SUM(count) AS n
     FROM key_verifications_per_month_v1 GROUP BY month`,
    `SELECT a.key_id AS key, a.n AS now, b.n AS before FROM
       (SELECT key_id, SUM(count) AS n FROM key_verifications_per_hour_v1
        WHERE time >= now() - INTERVAL 1 DAY GROUP BY key_id) AS a
     LEFT JOIN
       (SELECT key_id, SUM(count) AS n FROM key_verifications_per_hour_v1
        WHERE time < now() - INTERVAL 1 DAY GROUP BY key_id) AS b ON a.key_id = b.key_id
     ORDER BY now DESC, key LIMIT 5`,
    `SELECT upper(concat(substring(key_id, 1, 3), '-', toString(length(tags)))) AS k,
       if(startsWith(key_id, 'key'), 1, 0) AS is_key, coalesce(external_id, 'none') AS user,
       toInt64(floor(latency)) AS l, trim(' x ') AS x, lower(outcome) AS o
     FROM key_verifications_v1 LIMIT 3`,
    `SELECT outcome FROM key_verifications_v1 WHERE outcome IN ('VALID', 'EXPIRED')
     UNION ALL SELECT outcome FROM key_verifications_per_day_v1 LIMIT 5;`,
  ]) {
    const rows = await rowsOf(sql);
    assert.ok(rows.length > 0, sql);
  }
});

test('rate limits are asked for in the same way, in tables of their own', async () => {
  const changes = { tables: ratelimitTables };
  const sql = `SELECT identifier, SUM(total) AS total, SUM(passed) AS passed,
      SUM(total_tokens) AS tokens, SUM(passed_tokens) AS good
    FROM ratelimits_per_minute_v1 WHERE time >= now() - INTERVAL 7 DAY GROUP BY identifier`;
  const [row, ...others] = await rowsOf(sql, changes);
  assert.equal(others.length, 0);
  assert.equal(row.identifier, 'ws_a_user');
  assert.equal(row.tokens, row.total * 2);
  assert.equal(row.good, row.passed * 2);
  const raw = 'SELECT passed, limit, remaining, reset_at, latency FROM ratelimits_v1 LIMIT 1';
  assert.equal((await rowsOf(raw, changes))[0].limit, 10);
  const refused = await world.ask('SELECT 1 FROM key_verifications_v1', changes);
  assert.equal(!refused.ok && refused.fault.code, 'user/bad_request/invalid_analytics_table');
});
