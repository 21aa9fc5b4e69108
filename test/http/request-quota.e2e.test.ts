import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import { openDatabase } from '../../src/lib/database.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;
let call: ApiClient;

before(async () => {
  server = await startServer({ workers: 2 });
  call = createApiClient(server);
});
after(() => server.close());

const verify = () => call('keys.verifyKey', { key: 'unknown' });
const quotaNow = async () => (await verify()).headers['ratelimit-limit'];

/** So many requests at once, each on a connection of its own, do not all get to one worker. */
const lookCount = 16;

/**
 * Returns when all workers know of it: what one has seen another may see some milliseconds later.
 * Each look counts.
 */
async function setQuota(requestsPerMinuteMax: number | null): Promise<void> {
  const options = { connectionsMax: 1, applicationName: 'latchkey test' };
  const database = openDatabase(server.databaseUrl, options);
  await database`
    update latchkey.workspaces set requests_per_minute_max = ${requestsPerMinuteMax}`;
  await database.end();
  const expected = requestsPerMinuteMax === null ? undefined : String(requestsPerMinuteMax);
  await waitFor('all know the quota', async () => {
    const found = await Promise.all(Array.from({ length: lookCount }, quotaNow));
    return found.every((quota) => quota === expected);
  });
}

test('without a quota no answer speaks of one, and with one each of them does', async () => {
  assert.equal(await quotaNow(), undefined);
  await setQuota(1000);
  const methods: [method: string, body: object, status: number][] = [
    ['keys.verifyKey', { key: 'unknown' }, 200],
    ['keys.verifyKeys', [{ key: 'unknown' }], 200],
    ['ratelimit.limit', { namespace: 'a', identifier: 'b', limit: 1, duration: 1000 }, 200],
    ['apis.createApi', { name: 'payments' }, 200],
    ['apis.getApi', { apiId: 'api_missing' }, 404],
  ];
  for (const [method, body, status] of methods) {
    const reply = await call(method, body);
    assert.equal(reply.status, status, method);
    assert.equal(reply.headers['ratelimit-limit'], '1000', method);
    assert.match(String(reply.headers['ratelimit-remaining']), /^\d+$/);
    assert.match(String(reply.headers['ratelimit-reset']), /^\d+$/);
    assert.equal(reply.headers['retry-after'], undefined);
  }
  const strangers = createApiClient({ url: server.url, rootKey: 'unkey_unknown' });
  const faults = [
    await call('keys.verifyKey', { key: 5 }),
    await strangers('keys.verifyKey', { key: 'unknown' }),
  ];
  for (const { headers } of faults) assert.equal(headers['ratelimit-limit'], undefined);
});

test('a quota of 0 refuses every call as the SDK expects it, whatever it asks', async () => {
  await setQuota(0);
  for (const method of ['keys.verifyKey', 'apis.createApi', 'ratelimit.limit']) {
    const bodies: Record<string, object> = {
      'keys.verifyKey': { key: 'unknown' },
      'apis.createApi': { name: 'payments' },
      'ratelimit.limit': { namespace: 'a', identifier: 'b', limit: 1, duration: 1000 },
    };
    const reply = await call(method, bodies[method] as object);
    assert.equal(reply.status, 429);
    assert.match(String(reply.json.error?.type), /workspace_rate_limited$/);
    assert.equal(reply.json.error?.title, 'Too Many Requests');
    assert.equal(reply.headers['ratelimit-limit'], '0');
    assert.equal(reply.headers['ratelimit-remaining'], '0');
    assert.match(String(reply.headers['retry-after']), /^[1-9]\d?$/);
  }
  const unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey });
  await assert.rejects(unkey.apis.createApi({ name: 'payments' }), {
    name: 'TooManyRequestsErrorResponse',
    statusCode: 429,
  });
});

test('over two workers a quota lets through so many calls; lifted, all', async () => {
  const startedAt = performance.now();
  await setQuota(400);
  const replies = await Promise.all(Array.from({ length: 600 }, verify));
  const elapsedMs = performance.now() - startedAt;
  const passedCount = replies.filter(({ status }) => status === 200).length;
  assert.equal(replies.filter(({ status }) => status === 429).length, 600 - passedCount);
  // If a minute ended meanwhile, what the window has slid on since is free again.
  const passedMax = 400 * (1 + elapsedMs / 60_000);
  // What was asked until the quota was known has counted too.
  assert.ok(passedCount > 300 && passedCount <= passedMax, `${passedCount} passed`);
  await setQuota(null);
  assert.equal((await verify()).status, 200);
});
