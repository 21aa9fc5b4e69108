import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readStoreUrls } from '../../src/processes/store-urls.ts';
import { createApiClient } from '../support/api-client.ts';
import { allInserted, readEventRows } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let keyId: string;
let key: string;

before(async () => {
  server = await startServer({ stores: 'embedded', workers: 2 });
  const call = createApiClient(server);
  const api = await call('apis.createApi', { name: 'kept' });
  const made = await call('keys.createKey', { apiId: api.json.data?.apiId, name: 'kept' });
  ({ keyId, key } = made.json.data as { keyId: string; key: string });
});
after(() => server.close());

async function codeOf(secret: string): Promise<string | undefined> {
  return (await createApiClient(server)('keys.verifyKey', { key: secret })).json.data?.code;
}

test('the first start prints the root key, and a curl line that works as it stands', async () => {
  const [, command = ''] = /Try it:\n\n([\s\S]+)\n\n/.exec(server.output()) ?? [];
  const [, url = ''] = /curl (\S+)/.exec(command) ?? [];
  const headers = [...command.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name, value]) => {
    return [name, value] as [string, string];
  });
  const [, body = ''] = /-d '([^']+)'/.exec(command) ?? [];
  const response = await fetch(url, { method: 'POST', headers, body });
  assert.equal(response.status, 200, await response.text());
  assert.ok(command.includes(server.rootKey));
});

for (const { name, stop } of [
  { name: 'Ctrl-C', stop: () => server.stopByCtrlC() },
  { name: 'SIGTERM', stop: () => server.stop() },
]) {
  test(`after ${name} nothing is left running, and the next start has all data`, async () => {
    assert.equal(await codeOf(key), 'VALID');
    await stop();
    await server.start();
    assert.equal(await codeOf(key), 'VALID');
    assert.ok(!server.output().includes('Root key'), server.output());
    const { json } = await createApiClient(server)('keys.getKey', { keyId });
    assert.equal(json.data?.name, 'kept');
    const metrics = await readMetrics(server.adminUrl);
    assert.equal(metrics.total('latchkey_replication_full_copies_total'), 0);
  });
}

test('the events of all runs are in ClickHouse, once each', async () => {
  await allInserted(server.adminUrl);
  const { clickhouseUrl = '' } = readStoreUrls(join(server.dataDir, 'shared')) ?? {};
  const rows = await readEventRows(clickhouseUrl);
  assert.equal(rows.length, 4);
  assert.ok(rows.every((row) => row.outcome === 'VALID' && row.keyId === keyId));
});

test('a primary that is killed takes the embedded stores along, and nothing is lost', async () => {
  assert.equal(await codeOf(key), 'VALID');
  await server.kill('SIGKILL');
  await server.nothingRuns();
  await server.start();
  assert.equal(await codeOf(key), 'VALID');
  await allInserted(server.adminUrl);
  const { clickhouseUrl = '' } = readStoreUrls(join(server.dataDir, 'shared')) ?? {};
  assert.equal((await readEventRows(clickhouseUrl)).length, 6);
});
