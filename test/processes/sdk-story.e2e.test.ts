import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import { HTTPClient } from '@unkey/api/lib/http.js';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let unkey: Unkey;
/** Every call has a connection of its own, which the kernel gives to either worker. */
const httpClient = new HTTPClient();
httpClient.addHook('beforeRequest', (request) => request.headers.set('Connection', 'close'));

before(async () => {
  server = await startServer({ workers: 2 });
  unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey, httpClient });
});
after(() => server.close());

async function codeOf(key: string): Promise<string> {
  const { data } = await unkey.keys.verifyKey({ key });
  assert.equal(data.valid, data.code === 'VALID');
  return data.code;
}

test('the official SDK needs only another serverURL, from the first key to its end', async () => {
  const { data: api } = await unkey.apis.createApi({ name: 'payments' });
  assert.deepEqual((await unkey.apis.getApi({ apiId: api.apiId })).data, {
    id: api.apiId,
    name: 'payments',
  });
  const { data: made } = await unkey.keys.createKey({
    apiId: api.apiId,
    prefix: 'pay',
    name: 'first customer',
    meta: { plan: 'pro' },
  });
  assert.match(made.key, /^pay_/);
  const { data: verified } = await unkey.keys.verifyKey({ key: made.key });
  assert.deepEqual(verified, {
    valid: true,
    code: 'VALID',
    keyId: made.keyId,
    name: 'first customer',
    meta: { plan: 'pro' },
    enabled: true,
  });
  const { data: stored } = await unkey.keys.getKey({ keyId: made.keyId });
  assert.equal(stored.name, 'first customer');
  assert.equal(stored.start, made.key.slice(0, 8));
  await unkey.apis.deleteApi({ apiId: api.apiId });
  assert.equal(await codeOf(made.key), 'NOT_FOUND');
});

test('whichever worker gets the very next call, it knows of the change before', async () => {
  const { data: api } = await unkey.apis.createApi({ name: 'fifty lives' });
  for (let round = 0; round < 50; round += 1) {
    const { data: made } = await unkey.keys.createKey({ apiId: api.apiId });
    const { keyId, key } = made;
    const codes = [await codeOf(key)];
    await unkey.keys.updateKey({ keyId, enabled: false });
    codes.push(await codeOf(key));
    await unkey.keys.updateKey({ keyId, enabled: true });
    codes.push(await codeOf(key));
    await unkey.keys.deleteKey({ keyId });
    codes.push(await codeOf(key));
    assert.deepEqual(codes, ['VALID', 'DISABLED', 'VALID', 'NOT_FOUND'], `round ${round}`);
  }
});
