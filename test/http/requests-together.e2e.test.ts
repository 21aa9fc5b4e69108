/** What comes while the worker stands still lies before it at once, and is looked up together. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { readMetrics } from '../support/metrics.ts';
import { openRawConnection, postText, type RawConnection } from '../support/raw-connection.ts';
import { seededKey, seedKeys } from '../support/seed-keys.ts';
import { startServer, type TestServer } from '../support/server.ts';

const seededCount = 40;
const roundCount = 30;
let server: TestServer;
/** Requests by what is special about them. */
const requests = new Map<string, string>();

before(async () => {
  server = await startServer({ workers: 1 });
  await seedKeys(server, seededCount);
  const call = createApiClient(server);
  const made = async (method: string, body: object) =>
    (await call(method, body)).json.data as Record<string, string>;
  const { apiId } = await made('apis.createApi', { name: 'together' });
  const create = async (more: object) => (await made('keys.createKey', { apiId, ...more })).key;
  const limit = { name: 'requests', limit: 1e9, duration: 86_400_000, autoApply: true };
  const keys = {
    'with everything': await create({ externalId: 'a', meta: { b: 'c' }, ratelimits: [limit] }),
    disabled: await create({ enabled: false }),
    'with credits': await create({ credits: { remaining: 1_000_000 } }),
    'not ASCII': await create({ name: 'Schlüssel 🔑', meta: { town: 'Zürich 🏔' } }),
    unknown: 'no_such_key',
  };
  const seeded = Array.from({ length: seededCount }, (_, index) => seededKey(index + 1));
  for (const [name, key] of [...Object.entries(keys), ...Object.entries(seeded)]) {
    requests.set(name, post('keys.verifyKey', { key }));
    requests.set(`${name}, as a proxy`, askedByProxy(key as string));
  }
  const key = keys['with everything'];
  requests.set('without a right', post('keys.verifyKey', { key, permissions: 'a AND b' }));
  requests.set('wrong query', post('keys.verifyKey', { key, permissions: 'AND' }));
  requests.set('wrong body', post('keys.verifyKey', { key: 5 }));
  requests.set('a list', post('keys.verifyKeys', [{ key }, { key: 'unknown' }]));
  requests.set('strange', post('keys.verifyKey', { key }, ['X-Strange: \xe9']));
  requests.set('the last', post('keys.verifyKey', { key }, ['Connection: close']));
  requests.set('another route', post('apis.getApi', { apiId }));
  requests.set('a change', post('apis.createApi', { name: 'more' }));
  requests.set('two', post('keys.verifyKey', { key }) + post('keys.verifyKey', { key }));
});
after(() => server.close());

const post = (method: string, body: unknown, headers: string[] = []) =>
  postText(`/v2/${method}`, { rootKey: server.rootKey, body: JSON.stringify(body), headers });

const askedByProxy = (key: string) =>
  [
    'GET /forward-auth?key=header:x-api-key HTTP/1.1',
    'Host: latchkey.test',
    `X-Latchkey-Root-Key: ${server.rootKey}`,
    `X-Api-Key: ${key}`,
    '\r\n',
  ].join('\r\n');

const changing = /(?<="(?:requestId|apiId)":")[^"]+|(?<="(?:remaining|reset|credits)":)\d+/g;
const changingHeaders = /^(?:date|uwebsockets|x-latchkey-request-id|.*ratelimit-.*|.*-credits)$/;

async function answerOf(connection: RawConnection): Promise<string> {
  const { status, headers, body } = await connection.response();
  const kept = [...headers].filter(([name]) => !changingHeaders.test(name)).sort();
  return JSON.stringify([status, kept, body.replaceAll(changing, '…')]);
}

const openMany = () => Promise.all([...requests].map(() => openRawConnection(server.url)));

/** The worker finds what is sent by `send` all at once. */
function sendTogether(send: () => void): void {
  const [pid] = server.workerPids();
  assert.ok(pid);
  process.kill(pid, 'SIGSTOP');
  try {
    send();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

const verificationCount = async () =>
  (await readMetrics(server.adminUrl)).total('latchkey_verifications_total');

test('what comes together is answered as what comes alone, and is counted as often', async () => {
  const names = [...requests.keys()];
  const texts = [...requests.values()];
  const alone: string[] = [];
  const countBefore = await verificationCount();
  for (const text of texts) {
    const connection = await openRawConnection(server.url);
    connection.send(text);
    alone.push(await answerOf(connection));
    connection.socket.destroy();
  }
  const countAlone = (await verificationCount()) - countBefore;
  for (let round = 0; round < roundCount; round += 1) {
    const connections = await openMany();
    const at = (index: number) => (index * 7 + round) % texts.length;
    sendTogether(() => {
      for (const [index, { send }] of connections.entries()) send(texts[at(index)] as string);
    });
    const together = await Promise.all(connections.map(answerOf));
    for (const [index, answer] of together.entries()) {
      assert.equal(answer, alone[at(index)], `${names[at(index)]}, round ${round}`);
    }
    for (const { socket } of connections) socket.destroy();
  }
  const countTogether = (await verificationCount()) - countBefore - countAlone;
  assert.equal(countTogether, roundCount * countAlone);
});

test('who leaves before the answer spoils no other answer', async () => {
  const request = requests.get('with everything') as string;
  for (let round = 0; round < roundCount; round += 1) {
    const connections = await openMany();
    const stays = (index: number) => (index + round) % 3 !== 0;
    sendTogether(() => {
      for (const [index, { socket, send }] of connections.entries()) {
        send(request);
        if (!stays(index)) socket.resetAndDestroy();
      }
    });
    const staying = connections.filter((_, index) => stays(index));
    const answers = await Promise.all(staying.map(answerOf));
    assert.equal(new Set(answers).size, 1, [...new Set(answers)].join('\n'));
    assert.match(answers[0] ?? '', /"VALID/);
    for (const { socket } of staying) socket.destroy();
  }
});

test('a key that is disabled is refused in the very next crowd', async () => {
  const call = createApiClient(server);
  const request = post('keys.verifyKey', { key: seededKey(1) });
  for (const enabled of [false, true, false]) {
    await call('keys.updateKey', { keyId: 'key_1', enabled });
    const connections = await openMany();
    sendTogether(() => {
      for (const { send } of connections) send(request);
    });
    for (const connection of connections) {
      const answer = await answerOf(connection);
      assert.ok(answer.includes(enabled ? 'VALID' : 'DISABLED'), answer);
      connection.socket.destroy();
    }
  }
});
