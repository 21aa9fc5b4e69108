import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { ProxyWorld } from './proxy-world.ts';

const world = new ProxyWorld();
await world.listen();
after(() => world.close());
beforeEach(() => world.reset());

const withRootKey = { 'x-latchkey-root-key': 'root_of_ws_1' };
const bearer = { ...withRootKey, authorization: 'Bearer acme_secret' };
const forwarded = {
  'x-forwarded-method': 'PATCH',
  'x-forwarded-uri': '/v1/things/7?api_key=acme_secret&x=1',
  'x-forwarded-for': '203.0.113.9',
};

test('a good key gets a 200 that says whose it is and is never kept', async () => {
  world.putIdentity({ externalId: 'user_1' });
  world.putPermissions('a.read', 'a.write');
  world.putKey({
    identityId: 'id_1',
    metaJson: '{"plan":"pro"}',
    permissionIds: ['perm_a.read', 'perm_a.write'],
  });
  const { status, headers, json } = await world.ask('/forward-auth', bearer);
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-latchkey-code'], 'VALID');
  assert.equal(headers['x-latchkey-key-id'], 'key_1');
  assert.equal(headers['x-latchkey-owner'], 'user_1');
  assert.equal(headers['x-latchkey-meta'], '{"plan":"pro"}');
  assert.equal(headers['x-latchkey-permissions'], 'a.read,a.write');
  assert.equal(headers['x-latchkey-request-id'], json.meta?.requestId);
  assert.deepEqual(json.data, { valid: true, code: 'VALID' });
});

test('method, path without query and address of the original request are recorded', async () => {
  await world.ask('/forward-auth?key=query:api_key', { ...withRootKey, ...forwarded });
  const nginx = {
    'x-original-method': 'POST',
    'x-original-uri': '/v2/acme_secret/x',
    'x-forwarded-for': '192.0.2.99, [2001:db8::1]:443',
  };
  await world.ask('/forward-auth', { ...bearer, ...nginx });
  assert.deepEqual(world.originals(), [
    { method: 'PATCH', path: '/v1/things/7', clientAddress: '203.0.113.9' },
    { method: 'POST', path: '/v2/***/x', clientAddress: '2001:db8::1' },
  ]);
  assert.deepEqual(
    world.events.map(({ outcome, workspaceId }) => [outcome, workspaceId]),
    [
      ['VALID', 'ws_1'],
      ['VALID', 'ws_1'],
    ],
  );
});

test('a proxy that puts the URI behind the path says the rest in one header', async () => {
  const settings = { 'x-latchkey-settings': 'key=query:api_key&tag=envoy' };
  const uri = '/v1/things?api_key=acme_secret&key=bearer&permissions=';
  const asked = { ...withRootKey, ...settings, 'x-forwarded-for': '192.0.2.4' };
  const { status } = await world.ask(`/forward-auth/original${uri}`, asked, 'DELETE');
  assert.equal(status, 200);
  assert.deepEqual(world.originals(), [
    { method: 'DELETE', path: '/v1/things', clientAddress: '192.0.2.4' },
  ]);
  assert.deepEqual(world.events[0]?.tags, ['envoy']);
});

test('a caller changes nothing by headers that only the proxy should send', async () => {
  world.putKey({ keyId: 'key_10', hasCredits: true });
  world.lease(10, 'key_10');
  const spoofed = { ...bearer, 'x-latchkey-settings': 'cost=0', 'x-latchkey-cost': '0' };
  assert.equal(
    (await world.ask('/forward-auth?cost=4', spoofed)).headers['x-latchkey-credits'],
    '6',
  );
  assert.equal((await world.ask('/forward-auth', spoofed)).headers['x-latchkey-credits'], '5');
  const open = { authorization: 'Bearer acme_secret', 'x-latchkey-root-key': 'nonsense' };
  assert.equal((await world.ask('/forward-auth?api=api_open', open)).status, 401);
  world.putKey({ apiId: 'api_open' });
  assert.equal((await world.ask('/forward-auth?api=api_open', open)).status, 200);
  assert.deepEqual(world.problems, []);
});

test('without authority or with wrong settings everybody gets the same 500', async () => {
  const asked: [path: string, headers: Record<string, string>][] = [
    ['/forward-auth', { authorization: 'Bearer acme_secret' }],
    ['/forward-auth', { ...bearer, 'x-latchkey-root-key': 'wrong' }],
    ['/forward-auth?api=api_other', bearer],
    ['/forward-auth?api=api_gone', bearer],
    ['/forward-auth?permissions=a%20AND', bearer],
    ['/forward-auth?unknown=1', bearer],
    ['/forward-auth/original/v1', bearer],
    ['/forward-auth/original/v1', { 'x-latchkey-settings': 'api=api_open' }],
  ];
  for (const [path, headers] of asked) {
    const { status, json, text, headers: answered } = await world.ask(path, headers);
    assert.equal(status, 500, path);
    assert.equal(answered['x-latchkey-code'], 'MISCONFIGURED');
    assert.equal(json.error?.detail, 'The gateway cannot check API keys.', text);
  }
  assert.equal(world.problems.length, asked.length);
  assert.deepEqual(world.events, []);
});

test('who is not known gets a 401 that asks for a key where it is looked for', async () => {
  const challenge = async (path: string, headers: Record<string, string> = {}) => {
    const reply = await world.ask(`/forward-auth${path}`, { ...withRootKey, ...headers });
    assert.equal(reply.status, 401);
    return [reply.headers['x-latchkey-code'], reply.headers['www-authenticate']];
  };
  const header = 'ApiKey realm="api", header="x-api-key"';
  assert.deepEqual(await challenge(''), ['MISSING_KEY', `Bearer realm="api", ${header}`]);
  assert.deepEqual(await challenge('?key=basic&key=query:k'), [
    'MISSING_KEY',
    'Basic realm="api", charset="UTF-8", ApiKey realm="api", query="k"',
  ]);
  const invalid = 'Bearer realm="api", error="invalid_token"';
  const unknown = { authorization: 'Bearer unknown' };
  assert.deepEqual(await challenge('', unknown), ['NOT_FOUND', invalid]);
  assert.deepEqual(await challenge('', { 'x-api-key': 'unknown' }), ['NOT_FOUND', header]);
  world.putKey({ isEnabled: false });
  assert.deepEqual(await challenge('', bearer), ['DISABLED', invalid]);
  world.putKey({ expiresAtMs: 1 });
  assert.deepEqual(await challenge('', bearer), ['EXPIRED', invalid]);
  assert.equal(world.events.length, 4, 'a request without a key is no verification');
});

test('a key of another API or workspace is told from an unknown one by nothing', async () => {
  const bodyOf = async (query: string, key: string) => {
    const asked = { ...withRootKey, authorization: `Bearer ${key}` };
    const { status, text, headers } = await world.ask(`/forward-auth${query}`, asked);
    const id = String(headers['x-latchkey-request-id']);
    const { date: _, ...told } = headers;
    return JSON.stringify([status, text, told]).replaceAll(id, '');
  };
  world.putKey({ workspaceId: 'ws_2' }, 'of_another_workspace');
  world.putKey({ apiId: 'api_open' }, 'of_another_api');
  const unknown = await bodyOf('?api=api_1', 'nobody_has_this');
  assert.equal(await bodyOf('?api=api_1', 'of_another_workspace'), unknown);
  assert.equal(await bodyOf('?api=api_1', 'of_another_api'), unknown);
});

test('what is not allowed is a 403, and tells the caller nothing of the owner', async () => {
  world.putIdentity();
  world.putKey({ identityId: 'id_1', metaJson: '{"plan":"pro"}' });
  const lacking = await world.ask('/forward-auth?permissions=admin', bearer);
  assert.equal(lacking.status, 403);
  assert.equal(lacking.headers['x-latchkey-code'], 'INSUFFICIENT_PERMISSIONS');
  assert.equal(lacking.json.error?.status, 403);
  world.putKey({ keyId: 'key_3', identityId: 'id_1', hasCredits: true });
  world.lease(3, 'key_3');
  const exceeded = await world.ask('/forward-auth?cost=4', bearer);
  assert.equal(exceeded.status, 403);
  assert.equal(exceeded.headers['x-latchkey-code'], 'USAGE_EXCEEDED');
  assert.equal(exceeded.headers['x-latchkey-credits'], '3');
  for (const { headers, text } of [lacking, exceeded]) {
    assert.equal(headers['x-latchkey-owner'], undefined);
    assert.equal(headers['x-latchkey-meta'], undefined);
    assert.doesNotMatch(text, /pro|user_1/);
  }
});

test('a rate limit is a 429 with the seconds after which the same request passes', async () => {
  const path = '/forward-auth?limit=burst:1:2:60000';
  await world.ask(path, bearer);
  const { headers } = await world.ask(path, bearer);
  assert.equal(headers['ratelimit-limit'], '2');
  assert.equal(headers['ratelimit-remaining'], '0');
  assert.equal(headers['ratelimit-reset'], '60');
  assert.equal(headers['x-latchkey-ratelimit-name'], 'burst');
  assert.equal(headers['x-latchkey-ratelimit-reset'], String(world.nowMs + 60_000));
  const refused = await world.ask(path, bearer);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '61');
  world.nowMs += 61_000;
  assert.equal((await world.ask(path, bearer)).status, 200);
});

test('a limit that the key does not have refuses the key, and the operator is told', async () => {
  const { status, headers } = await world.ask('/forward-auth?limit=absent', bearer);
  assert.equal(status, 403);
  assert.equal(headers['x-latchkey-code'], 'FORBIDDEN');
  assert.match(world.problems[0] ?? '', /"absent" was not found/);
});

test('the allow-list of the API is compared with the address before the proxies', async () => {
  world.allowAddresses('198.51.100.0/24');
  const status = async (query: string, address?: string) => {
    const told = address === undefined ? {} : { 'x-forwarded-for': address };
    return (await world.ask(`/forward-auth${query}`, { ...bearer, ...told })).status;
  };
  assert.equal(await status('', '198.51.100.7'), 200);
  assert.equal(await status('', '198.51.100.7, 203.0.113.1'), 403, 'the first was made up');
  assert.equal(await status('?hops=2', '203.0.113.1, 198.51.100.7, 10.0.0.1'), 200);
  assert.equal(await status('?hops=3', '198.51.100.7'), 200);
  assert.equal(await status(''), 403, 'an address that is not told is on no list');
});

test('credits that cannot be reached are a 503 to try again', async () => {
  world.putKey({ keyId: 'key_0', hasCredits: true });
  const { status, headers } = await world.ask('/forward-auth', bearer);
  assert.equal(status, 503);
  assert.equal(headers['retry-after'], '1');
});

test('a workspace that asks too often gets a 503, and the operator is told', async () => {
  world.allowRequests(0);
  const { status, headers } = await world.ask('/forward-auth', bearer);
  assert.equal(status, 503);
  assert.equal(headers['retry-after'], '1');
  assert.match(world.problems[0] ?? '', /may make 0 API requests/);
  assert.deepEqual(world.events, []);
});

test('nothing that is stored can end a header', async () => {
  const evil = 'a\r\nX-Evil: 1\u0000é😀, %2c';
  world.putIdentity({ externalId: evil });
  world.putPermissions('a,b\n', 'ü');
  world.putKey({
    identityId: 'id_1',
    metaJson: `{"a":\r\n${JSON.stringify(evil)}}`,
    permissionIds: ['perm_a,b\n', 'perm_ü'],
    limits: [{ limitId: 'rl_1', name: evil, limit: 5, durationMs: 60_000, autoApply: true }],
  });
  const { headers, rawHeaders } = await world.ask('/forward-auth', bearer);
  assert.equal(decodeURIComponent(String(headers['x-latchkey-owner'])), evil);
  assert.equal(decodeURIComponent(String(headers['x-latchkey-ratelimit-name'])), evil);
  assert.deepEqual(JSON.parse(String(headers['x-latchkey-meta'])), { a: evil });
  const permissions = String(headers['x-latchkey-permissions']).split(',').map(decodeURIComponent);
  assert.deepEqual(permissions, ['a,b\n', 'ü']);
  assert.ok(rawHeaders.every((text) => /^[ -~]*$/.test(text)));
  assert.equal(headers['x-evil'], undefined);
});

test('what is too large for a header is left out and named', async () => {
  world.putKey({ metaJson: JSON.stringify({ text: 'x'.repeat(3000) }) });
  const { headers } = await world.ask('/forward-auth', bearer);
  assert.equal(headers['x-latchkey-meta'], undefined);
  assert.equal(headers['x-latchkey-omitted'], 'X-Latchkey-Meta');
});

test('a body is ignored and HEAD gets none, on a connection that goes on', async () => {
  const large = 'x'.repeat(300_000);
  assert.equal((await world.ask('/forward-auth', bearer, 'POST', large)).status, 200);
  const asked = { ...bearer, 'x-latchkey-settings': 'key=bearer' };
  const head = await world.ask('/forward-auth/original/v1', asked, 'HEAD');
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal((await world.ask('/forward-auth', bearer)).json.data?.code, 'VALID');
  assert.equal(world.connectionCount(), 1);
});

test('10,000 requests of a hostile caller cause no 5xx and nothing to log', async () => {
  await world.askHostile(10_000);
  assert.deepEqual(world.problems, []);
  assert.ok([...world.statuses].every((status) => [200, 401, 403].includes(status)));
});
