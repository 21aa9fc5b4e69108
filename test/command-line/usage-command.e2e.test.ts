import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { allInserted } from '../support/event-rows.ts';
import { rootKeyWith } from '../support/root-key.ts';
import { type Ended, runLatchkey } from '../support/run-latchkey.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let keyId: string;

before(async () => {
  server = await startServer({ workers: 1 });
  const call = createApiClient(server);
  const api = await call('apis.createApi', { name: 'payments' });
  const made = await call('keys.createKey', { apiId: api.json.data?.apiId, externalId: 'user_1' });
  const { key, keyId: id } = made.json.data as { key: string; keyId: string };
  keyId = id;
  for (let use = 0; use < 3; use += 1) await call('keys.verifyKey', { key, tags: ['path=/pay'] });
  await call('keys.verifyKey', { key: 'unknown' });
  await allInserted(server.adminUrl);
});
after(() => server.close());

function usage(...args: string[]): Promise<Ended> {
  const settings = { LATCHKEY_URL: server.url, LATCHKEY_ROOT_KEY: server.rootKey };
  return runLatchkey(['usage', ...args], settings);
}

test('usage of the last day by outcome, without any flag', async () => {
  const { code, output, complaint } = await usage();
  assert.deepEqual([code, complaint], [0, '']);
  assert.match(output, /, by hour: 4 verifications, 3 of them VALID\n/);
  assert.match(output, /^OUTCOME +COUNT +SHARE +CREDITS\nVALID +3 +75\.0 % +0\nNOT_FOUND +1 /m);
});

test('every parameter of the endpoint is a flag', async () => {
  const asked = ['--from', '2h', '--granularity', 'minute', '--top', '5', '--key-id', keyId];
  const byKey = await usage(...asked, '--group-by', 'key');
  assert.match(byKey.output, new RegExp(`^KEY +COUNT.*\\n${keyId} +3 `, 'm'));
  const byTag = await usage('--group-by', 'tag', '--tag', 'path=/pay', '--external-id', 'user_1');
  assert.match(byTag.output, /^path=\/pay +3 /m);
  const refused = await usage('--refused-only');
  assert.match(refused.output, /1 verifications, 0 of them VALID/);
});

test('as JSON it is what the endpoint answers', async () => {
  const { output } = await usage('--json', '--group-by', 'api');
  const { data } = JSON.parse(output);
  assert.deepEqual([data.total.count, data.groupBy, data.granularity], [4, 'api', 'hour']);
});

test('what is refused says why, and what to do next', async () => {
  const early = await usage('--from', '4000d');
  assert.equal(early.code, 1);
  assert.match(early.complaint, /^latchkey: 400 .*\d+ days/);
  const wrong = await usage('--group-by', 'colour');
  assert.match(wrong.complaint, /groupBy.*\n {2}Request req_/);
  const weak = await usage('--root-key', await rootKeyWith(server, 'api.*.create_api'));
  assert.match(weak.complaint, /403 .*may not do this: use one that may/s);
  const word = await usage('yesterday');
  assert.deepEqual([word.code, word.output], [2, '']);
  assert.match(word.complaint, /'yesterday' is one word too many; usage: latchkey usage/);
});
