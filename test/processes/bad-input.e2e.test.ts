/** Whatever is sent, the answer is the contract's, and no worker dies of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { readMetrics } from '../support/metrics.ts';
import {
  openRawConnection,
  postText,
  type RawConnection,
  type RawResponse,
} from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const bodyBytesMax = 4096;
const errorTypeBase = 'https://unkey.com/docs/errors/';

let server: TestServer;
let workersBefore: number[];

before(async () => {
  server = await startServer({
    workers: 2,
    settings: { LATCHKEY_BODY_BYTES_MAX: String(bodyBytesMax) },
  });
  workersBefore = server.workerPids();
});
after(() => server.close());

/** Sends these bytes over a connection of their own and gives back the first response. */
async function send(text: string): Promise<RawResponse> {
  const connection = await openRawConnection(server.url);
  connection.send(text);
  try {
    return await connection.response();
  } finally {
    connection.socket.destroy();
  }
}

const verify = (body: string) => postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body });

type Expected = { status: number; code: string; locations?: string[] };

/** `locations` undefined: the status carries no `errors`. */
function assertError(response: RawResponse, { status, code, locations }: Expected): void {
  assert.equal(response.status, status, response.body);
  const { meta, error } = JSON.parse(response.body);
  assert.match(meta.requestId, /^req_[A-Za-z0-9]{9,}$/);
  assert.equal(error.status, status);
  assert.equal(error.type, errorTypeBase + code);
  const found = error.errors?.map((item: { location: string }) => item.location);
  assert.deepEqual(found, locations, response.body);
}

const invalidInput = 'unkey/application/invalid_input';

for (const { name, body, locations } of [
  { name: 'not JSON', body: '{"key":', locations: ['requestBody'] },
  { name: 'no body at all', body: '', locations: ['requestBody'] },
  { name: 'bytes that are not UTF-8', body: '\xff\xfe\x00', locations: ['requestBody'] },
  { name: 'a wrong type', body: '{"key":1}', locations: ['/properties/key/type'] },
  { name: 'a missing field', body: '{}', locations: ['/required'] },
  { name: 'an array for an object', body: '[]', locations: ['/type'] },
  {
    name: 'an unknown field',
    body: '{"key":"a","keys":"b"}',
    locations: ['/additionalProperties'],
  },
  {
    name: 'several faults at once',
    body: '{"key":"","tags":[1]}',
    locations: ['/properties/key/minLength', '/properties/tags/items/type'],
  },
]) {
  test(`${name} is refused with the place of the fault`, async () => {
    assertError(await send(verify(body)), { status: 400, code: invalidInput, locations });
  });
}

for (const { name, header, expected } of [
  {
    name: 'no credentials',
    header: [],
    expected: { status: 400, code: invalidInput, locations: ['security'] },
  },
  {
    name: 'another scheme',
    header: ['Authorization: Basic dXNlcjpwYXNz'],
    expected: { status: 400, code: 'unkey/authentication/malformed', locations: [] },
  },
  {
    name: 'the bare word of the scheme',
    header: ['Authorization: Bearer'],
    expected: { status: 400, code: 'unkey/authentication/malformed', locations: [] },
  },
  {
    name: 'an unknown root key',
    header: ['Authorization: Bearer unkey_nobody'],
    expected: { status: 401, code: 'unkey/authentication/key_not_found' },
  },
]) {
  test(`a request with ${name} is refused`, async () => {
    const body = '{"key":"a"}';
    const lines = [
      'POST /v2/keys.verifyKey HTTP/1.1',
      'Host: latchkey.test',
      ...header,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    assertError(await send(`${lines.join('\r\n')}\r\n\r\n${body}`), expected);
  });
}

test('a body that is no JSON by its own words is refused', async () => {
  const text = verify('{"key":"a"}').replace('application/json', 'text/plain');
  const expected = { status: 400, code: invalidInput, locations: ['requestBody'] };
  assertError(await send(text), expected);
});

const tooLarge = { status: 413, code: 'user/bad_request/request_body_too_large', locations: [] };

test('a body over the limit is refused, and the connection ends', async () => {
  const body = JSON.stringify({ key: 'a', tags: ['x'.repeat(bodyBytesMax)] });
  const response = await send(verify(body));
  assertError(response, tooLarge);
  assert.equal(response.headers.get('connection'), 'close');
});

test('a chunked body over the limit is refused before it is complete', async () => {
  const connection = await openRawConnection(server.url);
  connection.send(chunkedHead());
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
  for (let sentBytes = 0; sentBytes <= bodyBytesMax; sentBytes += 1024) connection.send(chunk);
  assertError(await connection.response(), tooLarge);
  await connection.closed;
});

test('a body in chunks is a body', async () => {
  const body = JSON.stringify({ key: 'unknown' });
  const chunks = [body.slice(0, 5), body.slice(5)].map((part) => {
    return `${part.length.toString(16)}\r\n${part}\r\n`;
  });
  const response = await send(`${chunkedHead()}${chunks.join('')}0\r\n\r\n`);
  assert.equal(response.status, 200, response.body);
});

function chunkedHead(): string {
  return verify('').replace('Content-Length: 0', 'Transfer-Encoding: chunked');
}

test('half a body and a closed socket leave nothing behind', async () => {
  const whole = verify(JSON.stringify({ key: 'a'.repeat(500) }));
  for (let round = 0; round < 20; round += 1) {
    const connection = await openRawConnection(server.url);
    connection.send(whole.slice(0, whole.length - 250));
    if (round % 2 === 0) connection.socket.resetAndDestroy();
    else connection.socket.destroy();
    await connection.closed;
  }
});

test('requests that are sent without waiting are answered in their order', async () => {
  const connection = await openRawConnection(server.url);
  const bodies = ['{"key":"a"}', '{"key":1}', 'no JSON', '{"key":"b"}'];
  connection.send(bodies.map(verify).join(''));
  const statuses: number[] = [];
  for (const _ of bodies) statuses.push((await connection.response()).status);
  assert.deepEqual(statuses, [200, 400, 400, 200]);
  connection.socket.destroy();
});

test('an unknown path and a wrong method get the plain answers of a router', async () => {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: latchkey.test\r\n\r\n`;
  for (const path of ['/', '/v2', '/v2/keys.unknown', '/v2/keys.verifyKey/', '/%00', '/../etc']) {
    const { status, headers } = await send(get(path));
    assert.equal(status, 404, path);
    assert.ok(!headers.get('content-type')?.includes('json'));
  }
  assert.equal((await send(get('/v2/keys.verifyKey'))).status, 405);
  const liveness = postText('/v2/liveness', { rootKey: server.rootKey, body: '{}' });
  assert.equal((await send(liveness)).status, 405);
});

const host = 'Host: latchkey.test\r\n';

for (const { name, text } of [
  { name: 'no HTTP', text: 'hello there\r\n\r\n' },
  { name: 'bytes of TLS', text: `\x16\x03\x01\x02\x00\x01\x00${'\x01'.repeat(200)}\r\n\r\n` },
  { name: 'a version from the future', text: `GET / HTTP/9.9\r\n${host}\r\n` },
  { name: 'no Host', text: 'GET /v2/liveness HTTP/1.1\r\n\r\n' },
  { name: 'a header without a colon', text: `GET / HTTP/1.1\r\n${host}nonsense\r\n\r\n` },
  { name: 'a header of 100 KiB', text: `GET / HTTP/1.1\r\n${host}A: ${'a'.repeat(1e5)}\r\n\r\n` },
  {
    name: 'ten thousand headers',
    text: `GET / HTTP/1.1\r\n${host}${'A: b\r\n'.repeat(10_000)}\r\n`,
  },
  { name: 'a negative length', text: `POST / HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n` },
  {
    name: 'a length beyond all numbers',
    text: `POST / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`,
  },
  {
    name: 'two contradicting lengths',
    text: `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  },
  {
    name: 'a chunk without a size',
    text: `POST /v2/keys.verifyKey HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  },
]) {
  test(`${name} gets a 4xx, 505 or a closed connection`, async () => {
    const connection = await openRawConnection(server.url);
    connection.send(text);
    const { status = 0 } = (await firstOf(connection)) ?? {};
    const isRefused = status === 0 || (status >= 400 && status < 500);
    // HTTP's own word for a version that is not 1.1, and for what has none.
    assert.ok(isRefused || status === 505, String(status));
    connection.socket.destroy();
  });
}

/** undefined when the server closes without an answer. */
function firstOf(connection: RawConnection): Promise<RawResponse | undefined> {
  return Promise.race([
    connection.response().catch(() => undefined),
    connection.closed.then(() => undefined),
  ]);
}

test('after all that the same workers answer, and nothing was counted as our fault', async () => {
  const call = createApiClient(server);
  assert.equal((await call('apis.createApi', { name: 'after all' })).status, 200);
  for (let round = 0; round < 10; round += 1) {
    assert.equal((await call('keys.verifyKey', { key: 'unknown' })).json.data?.code, 'NOT_FOUND');
  }
  assert.deepEqual(server.workerPids(), workersBefore);
  await waitFor('the counters are there', async () => {
    const metrics = await readMetrics(server.adminUrl);
    assert.equal(metrics.sample('latchkey_http_answers_total{status="5xx"}'), 0);
    assert.equal(metrics.total('latchkey_worker_restarts_total'), 0);
    return metrics.sample('latchkey_http_answers_total{status="4xx"}') > 0;
  });
  assert.ok(!server.log().includes('"level":50'), server.log());
});
