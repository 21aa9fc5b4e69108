import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { callServer } from '../../src/command-line/call-server.ts';
import {
  type Answering,
  type AnsweringServer,
  startAnsweringServer,
} from '../support/answering-server.ts';

const meta = { requestId: 'req_1' };
let answering: AnsweringServer;
let answer: ReturnType<Answering>;

before(async () => {
  answering = await startAnsweringServer(() => answer);
});
after(() => answering.close());

function call(next: ReturnType<Answering>) {
  answer = next;
  const server = { url: answering.url, rootKey: 'secret_root_key', rootKeySource: '--root-key' };
  return callServer(server, 'keys.getKey', { keyId: 'key_1' });
}

test('a call is a POST with the root key, and its answer comes back whole', async () => {
  const body = { meta, data: { keyId: 'key_1' } };
  assert.deepEqual(await call({ body }), { answer: body, isPending: false });
  const { url, headers, body: sent } = answering.asked.at(-1) ?? {};
  assert.deepEqual([url, sent], ['/v2/keys.getKey', '{"keyId":"key_1"}']);
  assert.equal(headers?.authorization, 'Bearer secret_root_key');
});

test('an answer of a node that is late says so', async () => {
  const headers = { 'X-Latchkey-Replication': 'pending' };
  assert.equal((await call({ headers, body: { meta, data: {} } })).isPending, true);
});

test('a root key does not follow a redirection', async () => {
  const elsewhere = await startAnsweringServer(() => ({ body: { meta, data: {} } }));
  try {
    const headers = { location: `${elsewhere.url}/v2/keys.getKey` };
    await assert.rejects(call({ status: 307, headers, body: '' }), { name: 'CallFault' });
    assert.equal(elsewhere.asked.length, 0);
  } finally {
    await elsewhere.close();
  }
});

test('a refusal tells what, where, what to do and which request it was', async () => {
  const errors = [{ location: '/properties/keyId', message: 'too short', fix: 'send more' }];
  const error = { title: 'Bad Request', detail: 'It is wrong.', status: 400, errors };
  await assert.rejects(call({ status: 400, body: { meta, error } }), {
    message:
      '400 Bad Request: It is wrong.\n  /properties/keyId: too short (send more)\n  Request req_1',
  });
});

test('what no Latchkey API answers is told as that, without repeating it', async () => {
  const strange = [
    { body: 'hello' },
    { body: [] },
    { body: { ok: true } },
    { status: 500, body: { error: 'x' } },
    { status: 500, body: { meta, error: null } },
    { status: 200, body: 'null' },
  ];
  for (const one of strange) {
    await assert.rejects(call(one), { name: 'CallFault', message: /that is no Latchkey API/ });
  }
});

test('no failure repeats the root key', async () => {
  const error = { title: 'Unauthorized', detail: 'It is unknown.', status: 401 };
  for (const next of [{ status: 401, body: { meta, error } }, { body: 'x' }]) {
    const fault: Error = await call(next).then(
      () => assert.fail(),
      (reason) => reason,
    );
    assert.doesNotMatch(fault.message, /secret_root_key/);
  }
});
