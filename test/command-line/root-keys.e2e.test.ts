import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { runLatchkey } from '../support/run-latchkey.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const firstRootKey = 'chosen_root_key_of_this_test';
let server: TestServer;

before(async () => {
  const settings = { LATCHKEY_ROOT_KEY: firstRootKey };
  server = await startServer({ stores: 'embedded', workers: 1, settings });
});
after(() => server.close());

/** A command on the same data folder, with the embedded stores that are there. */
async function rootKey<Result>(...args: string[]): Promise<Result> {
  const ended = await runLatchkey(['root-key', ...args, '--json'], {
    LATCHKEY_DATA_DIR: server.dataDir,
  });
  assert.equal(ended.code, 0, ended.output + ended.complaint);
  return JSON.parse(ended.output) as Result;
}

type Made = { rootKeyId: string; key: string };
type Listed = { rootKeyId: string; start: string; name: string | null; permissions: string[] };

async function statusWith(key: string, method: string, body: object): Promise<number> {
  return (await createApiClient({ url: server.url, rootKey: key })(method, body)).status;
}

test('a chosen root key works and is not printed', async () => {
  assert.equal(await statusWith(firstRootKey, 'apis.createApi', { name: 'chosen' }), 200);
  assert.ok(!(server.output() + server.log()).includes(firstRootKey));
});

test('a root key that is made beside the running server works, within its rights', async () => {
  const { key } = await rootKey<Made>('create', '--permissions', 'api.*.create_api');
  await waitFor('it is known', async () => {
    return (await statusWith(key, 'apis.createApi', { name: 'made' })) === 200;
  });
  assert.equal(await statusWith(key, 'apis.getApi', { apiId: 'api_unknown' }), 403);
});

test('the list shows how keys begin, and never a key', async () => {
  const { key, rootKeyId } = await rootKey<Made>('create', '--name', 'listed');
  const listed = await rootKey<Listed[]>('list');
  const found = listed.find((one) => one.rootKeyId === rootKeyId);
  assert.equal(found?.name, 'listed');
  assert.ok(key.startsWith(found.start) && found.start.length < key.length - 10);
  const { output } = await runLatchkey(['root-key', 'list'], {
    LATCHKEY_DATA_DIR: server.dataDir,
  });
  assert.match(output, /^ID +START +NAME +STATE +CREATED +PERMISSIONS$/m);
  assert.match(output, new RegExp(`^${rootKeyId} +\\S+ +listed +enabled`, 'm'));
  assert.ok(!output.includes(key));
});

test('a revoked root key is refused, and cannot be revoked again', async () => {
  const { key, rootKeyId } = await rootKey<Made>('create');
  const body = { key: 'unknown' };
  await waitFor('it is known', async () => {
    return (await statusWith(key, 'keys.verifyKey', body)) === 200;
  });
  assert.deepEqual(await rootKey('revoke', rootKeyId), { revoked: rootKeyId });
  await waitFor('it is refused', async () => {
    return (await statusWith(key, 'keys.verifyKey', body)) === 401;
  });
  const again = await runLatchkey(['root-key', 'revoke', rootKeyId], {
    LATCHKEY_DATA_DIR: server.dataDir,
  });
  assert.equal(again.code, 1);
  assert.match(
    again.complaint,
    /^latchkey: there is no root key \S+; see latchkey root-key list\n$/,
  );
});

test('without a running server the embedded store is started and stopped again', async () => {
  await server.stop();
  const { rootKeyId, key } = await rootKey<Made>('create', '--name', 'offline');
  await server.nothingRuns();
  assert.ok((await rootKey<Listed[]>('list')).some((one) => one.rootKeyId === rootKeyId));
  await server.start();
  assert.equal(await statusWith(key, 'keys.verifyKey', { key: 'unknown' }), 200);
});
