/** Requests that come together share the memory that they are answered from: each gets its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRawConnection, postText, type RawConnection } from '../support/raw-connection.ts';
import { seededKey, seedKeys } from '../support/seed-keys.ts';
import { startServer, type TestServer } from '../support/server.ts';

const connectionCount = 40;
const roundCount = 20;
/** Of one door, for the key of this number. */
type Door = { request(number: number): string; expected(number: number): string };

let server: TestServer;
let connections: RawConnection[];

before(async () => {
  server = await startServer({ workers: 1 });
  await seedKeys(server, connectionCount);
  const opened = Array.from({ length: connectionCount }, () => openRawConnection(server.url));
  connections = await Promise.all(opened);
});
after(async () => {
  for (const { socket } of connections) socket.destroy();
  await server.close();
});

const post = (path: string, body: unknown) =>
  postText(path, { rootKey: server.rootKey, body: JSON.stringify(body) });

const doors: Record<string, Door> = {
  'keys.verifyKey': {
    request: (number) => post('/v2/keys.verifyKey', { key: seededKey(number) }),
    expected: (number) => `"code":"VALID","keyId":"key_${number}"`,
  },
  'keys.verifyKeys': {
    request: (number) =>
      post('/v2/keys.verifyKeys', [{ key: 'unknown' }, { key: seededKey(number) }]),
    expected: (number) => `"code":"VALID","keyId":"key_${number}"`,
  },
  'forward auth': {
    request: (number) =>
      [
        'GET /forward-auth?key=header:x-api-key HTTP/1.1',
        'Host: latchkey.test',
        `X-Latchkey-Root-Key: ${server.rootKey}`,
        `X-Api-Key: ${seededKey(number)}`,
        '\r\n',
      ].join('\r\n'),
    expected: (number) => `x-latchkey-key-id: key_${number}\n`,
  },
};

async function ask({ request, expected }: Door, index: number): Promise<void> {
  const number = index + 1;
  const connection = connections[index] as RawConnection;
  connection.send(request(number));
  const { status, headers, body } = await connection.response();
  const text = `${[...headers].map(([name, value]) => `${name}: ${value}\n`).join('')}${body}`;
  assert.equal(status, 200, text);
  assert.ok(text.includes(expected(number)), text);
}

for (const [name, door] of Object.entries(doors)) {
  test(`${name}: of many at once each gets its own answer`, async () => {
    for (let round = 0; round < roundCount; round += 1) {
      await Promise.all(connections.map((_, index) => ask(door, index)));
    }
  });
}
