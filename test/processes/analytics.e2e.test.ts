import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import { BadRequestErrorResponse } from '@unkey/api/models/errors';
import { createApiClient } from '../support/api-client.ts';
import { allInserted } from '../support/event-rows.ts';
import { rootKeyWith } from '../support/root-key.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;
let unkey: Unkey;

before(async () => {
  server = await startServer({ workers: 2 });
  unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey });
});
after(() => server.close());

test('what was verified and limited can be asked for with the SDK', async () => {
  const { data: api } = await unkey.apis.createApi({ name: 'payments' });
  const { data: key } = await unkey.keys.createKey({ apiId: api.apiId, externalId: 'user_1' });
  const startMs = Date.now();
  for (let number = 0; number < 5; number += 1) {
    await unkey.keys.verifyKey({ key: key.key, tags: ['path=/pay'] });
    await unkey.ratelimit.limit({ ...limit, identifier: 'user_1' });
  }
  await unkey.keys.verifyKey({ key: 'unknown_1234567890' });
  await allInserted(server.adminUrl);

  const verifications = await unkey.analytics.getVerifications({
    query: `SELECT outcome, count() AS n, any(external_id) AS user FROM key_verifications_v1
      WHERE time >= now() - INTERVAL 1 DAY GROUP BY outcome ORDER BY n DESC`,
  });
  assert.deepEqual(verifications.data, [
    { outcome: 'VALID', n: 5, user: 'user_1' },
    { outcome: 'NOT_FOUND', n: 1, user: '' },
  ]);
  const limits = await unkey.analytics.getRatelimits({
    query: `SELECT identifier, SUM(passed) AS passed, SUM(total) AS total
      FROM ratelimits_per_minute_v1 GROUP BY identifier`,
  });
  assert.deepEqual(limits.data, [{ identifier: 'user_1', passed: 3, total: 5 }]);

  const lastUsedAt = async () => (await unkey.keys.getKey({ keyId: key.keyId })).data.lastUsedAt;
  await waitFor('the last use is shown', async () => (await lastUsedAt()) !== undefined, 60_000);
  const atMs = (await lastUsedAt()) as number;
  assert.ok(atMs >= startMs && atMs <= Date.now(), `${atMs}`);
});

// A window that does not end meanwhile.
const limit = { namespace: 'sms', limit: 3, duration: 2_592_000_000 };

test('a refused query is a typed error of the SDK, which tells why', async () => {
  await assert.rejects(
    unkey.analytics.getVerifications({ query: 'SELECT * FROM system.users' }),
    (error) => {
      assert.ok(error instanceof BadRequestErrorResponse);
      assert.match(error.error.type, /user\/bad_request\/invalid_analytics_table$/);
      return true;
    },
  );
});

test('a root key without the right is refused before anything else is looked at', async () => {
  const call = createApiClient({
    url: server.url,
    rootKey: await rootKeyWith(server, 'api.*.read_api'),
  });
  for (const name of ['getVerifications', 'getRatelimits']) {
    const { status, json } = await call(`analytics.${name}`, { query: 'DROP TABLE x' });
    assert.equal(status, 403);
    assert.match(json.error?.detail ?? '', /read_analytics/);
  }
  assert.equal((await call('analytics.getUsage', { from: 0 })).status, 403);
});

test('an unknown field of a query is ignored, one of a usage question is not', async () => {
  const call = createApiClient(server);
  const query = 'SELECT count() AS n FROM key_verifications_v1';
  assert.equal((await call('analytics.getVerifications', { query, other: 1 })).status, 200);
  const usage = await call('analytics.getUsage', { from: Date.now() - 1000, other: 1 });
  assert.equal(usage.status, 400);
});
