/** What the native engine answers, TypeScript answers alike: over HTTP, at every door. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { readMetrics } from '../support/metrics.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: ApiClient;
/** What a proxy may be confined to: nothing, the API of the keys, another one. */
const apiIds: (string | undefined)[] = [undefined];
/** Plaintext keys by what is special about them. */
const keys = new Map<string, string>([['unknown', 'no_such_key']]);

const dayMs = 86_400_000;
// A window that does not end meanwhile.
const limit = { name: 'requests', limit: 5, duration: 30 * dayMs, autoApply: true };
const permissions = ['docs.read', 'docs.write', 'billing'];
const variants: Record<string, object> = {
  plain: {},
  everything: {
    ...{ name: 'a "quoted" name\\', meta: { plan: 'pro', path: 'C:\\temp' }, permissions },
    ...{ externalId: 'user_1', roles: ['reader'], ratelimits: [limit] },
    expires: Date.now() + dayMs,
  },
  'not ASCII': { name: 'Schlüssel 🔑', meta: { town: 'Zürich 🏔' }, externalId: 'zoe' },
  disabled: { enabled: false, permissions },
  'two limits': { ratelimits: [limit, { ...limit, name: 'second, 1%', limit: 3 }] },
  'limit of one': { ratelimits: [{ ...limit, limit: 1 }] },
  'limit by name': { ratelimits: [{ ...limit, autoApply: false }] },
  credits: { credits: { remaining: 1_000_000 } },
  'long meta': { meta: { text: 'x'.repeat(3000) } },
  'many permissions': { permissions: Array.from({ length: 300 }, (_, n) => `list.item-${n}`) },
};

before(async () => {
  server = await startServer({ workers: 1 });
  call = createApiClient(server);
  for (const name of ['doors', 'others']) {
    const { apiId } = await made('apis.createApi', { name });
    apiIds.push(apiId as string);
  }
  const [, apiId] = apiIds;
  await made('permissions.createRole', { name: 'reader' });
  for (const [name, variant] of Object.entries(variants)) {
    const { key } = await made('keys.createKey', { apiId, prefix: 'test', ...variant });
    keys.set(name, key as string);
  }
});
after(() => server.close());

async function made(method: string, body: object): Promise<Record<string, unknown>> {
  const { status, json, text } = await call(method, body);
  assert.equal(status, 200, text);
  return json.data ?? {};
}

const queries = [undefined, 'docs.read', 'docs.read AND (billing OR nothing)', 'nothing', 'AND'];

/** Each door's answers, in order: status, headers and body, without what changes by itself. */
async function answersOfAllDoors(): Promise<string[]> {
  const answers: string[] = [];
  for (const [name, key] of keys) {
    for (const query of queries) {
      const body = { key, ...(query !== undefined && { permissions: query }) };
      answers.push(`${name}, ${query}: ${await post('keys.verifyKey', body)}`);
      // In turn, so that each request has other settings than the one before.
      for (const apiId of apiIds) {
        const answer = await askAsProxy(key, { permissions: query, api: apiId });
        answers.push(`${name}, ${query}, to a proxy of ${apiId}: ${answer}`);
      }
    }
  }
  const list = [...keys.values(), ...keys.values()].map((key) => ({ key }));
  answers.push(await post('keys.verifyKeys', list));
  return answers;
}

async function post(method: string, body: object): Promise<string> {
  const response = await fetch(`${server.url}/v2/${method}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.rootKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return textOf(response);
}

async function askAsProxy(key: string, settings: Record<string, string | undefined>) {
  const query = new URLSearchParams({ key: 'header:x-api-key' });
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) query.set(name, value);
  }
  const response = await fetch(`${server.url}/forward-auth?${query}`, {
    headers: {
      'X-Latchkey-Root-Key': server.rootKey,
      'X-Api-Key': key,
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Uri': `/v1/documents/17?key=${key}`,
      'X-Forwarded-For': '192.0.2.1',
    },
  });
  return textOf(response);
}

const changing = [
  /(?<="requestId":")[^"]+/g,
  /(?<="(?:reset|remaining|credits)":)\d+/g,
  /(?<=x-latchkey-request-id: ).+/g,
  /(?<=(?:ratelimit-reset|ratelimit-remaining|retry-after|x-latchkey-credits): ).+/g,
];

async function textOf(response: Response): Promise<string> {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  const kept = headers.filter((line) => !/^(?:date|uwebsockets): /.test(line));
  const text = [response.status, ...kept, await response.text()].join('\n');
  return changing.reduce((rest, pattern) => rest.replaceAll(pattern, '…'), text);
}

const decidedByEngine = async () =>
  (await readMetrics(server.adminUrl)).total('latchkey_verifications_native_total');

/** Past the windows' limits, so that what they still admit is the same for both. */
async function useUpLimits(): Promise<void> {
  for (const name of ['everything', 'two limits', 'limit of one']) {
    for (let use = 0; use < limit.limit; use += 1) {
      await post('keys.verifyKey', { key: keys.get(name), permissions: 'docs.read OR docs.write' });
      await post('keys.verifyKey', { key: keys.get(name) });
    }
  }
}

test('both engines answer alike at every door', async () => {
  await useUpLimits();
  const native = await answersOfAllDoors();
  const decidedCount = await decidedByEngine();
  assert.ok(decidedCount > native.length / 3, `the engine has decided ${decidedCount}`);
  await server.stop();
  await server.start({ LATCHKEY_ENGINE: 'typescript' });
  const before = await decidedByEngine();
  await useUpLimits();
  const plain = await answersOfAllDoors();
  assert.equal(await decidedByEngine(), before, 'the engine was switched off');
  assert.deepEqual(plain, native);
  const countOf = (apiId: string | undefined) =>
    native.filter((answer) => answer.includes(` of ${apiId}: 200`)).length;
  const [anyApi, ownApi, otherApi] = apiIds.map(countOf);
  assert.ok(anyApi === ownApi && (anyApi ?? 0) > 5, `${anyApi} and ${ownApi} were let pass`);
  assert.equal(otherApi, 0, 'a key of another API was let pass');
});
