import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { allInserted } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;

before(async () => {
  server = await startServer({ workers: 2 });
});
after(() => server.close());

async function page(path: string): Promise<{ status: number; contentType: string; text: string }> {
  const response = await fetch(server.adminUrl + path);
  const contentType = response.headers.get('content-type') ?? '';
  return { status: response.status, contentType, text: await response.text() };
}

test('/livez says that it is alive', async () => {
  const { status, contentType, text } = await page('/livez');
  assert.equal(status, 200);
  assert.equal(contentType, 'application/json');
  assert.deepEqual(JSON.parse(text), { status: 'alive' });
});

test('/readyz names every condition, and each has its instant', async () => {
  // It starts without waiting for ClickHouse.
  await waitFor('ClickHouse was reached', async () => {
    return !(await page('/readyz')).text.includes('not reached yet');
  });
  const { status, text } = await page('/readyz');
  const { status: word, conditions } = JSON.parse(text);
  assert.equal(status, 200, text);
  assert.equal(word, 'ready');
  const names = conditions.map((condition: { name: string }) => condition.name);
  assert.deepEqual(names, ['postgres', 'replica', 'clickhouse', 'spool', 'workers']);
  for (const { isMet, detail, sinceMs } of conditions) {
    assert.equal(isMet, true, text);
    assert.equal(detail, '');
    assert.ok(Math.abs(Date.now() - sinceMs) < 60_000, text);
  }
});

test('/metrics adds up what all workers have answered, by outcome and by status', async () => {
  const before = await readMetrics(server.adminUrl);
  const call = createApiClient(server);
  const made = await call('apis.createApi', { name: 'counted' });
  const { apiId } = made.json.data as { apiId: string };
  const { json } = await call('keys.createKey', { apiId });
  const key = json.data?.key;
  // Each call has a connection of its own: both workers answer some.
  for (let round = 0; round < 30; round += 1) await call('keys.verifyKey', { key });
  for (let round = 0; round < 20; round += 1) await call('keys.verifyKey', { key: 'unknown' });
  assert.equal((await call('keys.verifyKey', {})).status, 400);

  const metrics = await readMetrics(server.adminUrl);
  const change = (line: string) => metrics.sample(line) - before.sample(line);
  assert.equal(change('latchkey_verifications_total{outcome="VALID"}'), 30);
  assert.equal(change('latchkey_verifications_total{outcome="NOT_FOUND"}'), 20);
  assert.equal(change('latchkey_verification_latency_microseconds_count'), 50);
  assert.equal(change('latchkey_verification_latency_microseconds_bucket{le="+Inf"}'), 50);
  assert.ok(change('latchkey_verification_latency_microseconds_sum') > 0);
  assert.equal(change('latchkey_http_answers_total{status="2xx"}'), 52);
  assert.equal(change('latchkey_http_answers_total{status="4xx"}'), 1);
  assert.equal(change('latchkey_http_answers_total{status="5xx"}'), 0);
  assert.equal(change('latchkey_events_accepted_total'), 50);
  assert.equal(change('latchkey_replica_keys'), 1);
  assert.equal(metrics.total('latchkey_workers'), 2);
  await allInserted(server.adminUrl);
});

test('the buckets of the latency histogram never decrease', async () => {
  const { text } = await page('/metrics');
  const form = /^latchkey_verification_latency_microseconds_bucket\{le="([^"]+)"\} (\d+)$/gm;
  const buckets = [...text.matchAll(form)].map(([, bound, count]) => {
    return { bound: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), count };
  });
  assert.ok(buckets.length > 10, text);
  for (const [index, { bound, count }] of buckets.entries()) {
    const { bound: nextBound, count: nextCount } = buckets[index + 1] ?? { bound, count };
    assert.ok(nextBound >= bound && Number(nextCount) >= Number(count), text);
  }
  assert.equal(buckets.at(-1)?.bound, Number.POSITIVE_INFINITY);
});

test('what is not there is a 404 that says what is', async () => {
  const { status, text } = await page('/v2/liveness');
  assert.equal(status, 404);
  assert.match(text, /\/livez, \/readyz and \/metrics/);
});
