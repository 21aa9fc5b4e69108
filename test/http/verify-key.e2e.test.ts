import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Unkey } from '@unkey/api';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { startServer, type TestServer } from '../support/server.ts';

/**
 * The rows of the contract about verification, asked twice: through the official SDK, and as raw
 * HTTP. Each asker has a key of its own, so that both read the same of limits and credits.
 */
type Answer = Record<string, unknown>;
type Row = {
  title: string;
  /** The key's settings, beside its API. */
  key: object;
  /** Asked in this order, each with what the answer must hold. */
  steps: [ask: object, expected: Answer][];
};

const minute = 60_000;
const limit = { name: 'requests', limit: 2, duration: minute, autoApply: true };
const named = { name: 'tokens', limit: 5, duration: minute, autoApply: false };
const remaining = (count: number) => ({ credits: { remaining: count } });
const valid = { valid: true, code: 'VALID', enabled: true };
const refused = (code: string) => ({ valid: false, code });

const rows: Row[] = [
  {
    title: 'a plain key is VALID, with its name and meta and without what is unset',
    key: { name: 'plain', meta: { plan: 'pro' } },
    steps: [[{}, { ...valid, name: 'plain', meta: { plan: 'pro' }, credits: undefined }]],
  },
  {
    title: 'a key that is switched off is DISABLED',
    key: { enabled: false },
    steps: [[{}, { ...refused('DISABLED'), enabled: false }]],
  },
  {
    title: 'a key past its instant is EXPIRED, unless it is switched off',
    key: { expires: 1_000 },
    steps: [[{}, { ...refused('EXPIRED'), expires: 1_000 }]],
  },
  {
    title: 'permissions are asked as a query, of what is held directly and through roles',
    key: { permissions: ['docs.read'], roles: ['writer'] },
    steps: [
      [{ permissions: 'docs.read AND docs.write' }, valid],
      [{ permissions: 'docs.admin OR (docs.read AND nothing)' }, refused(insufficient())],
      [{ permissions: 'docs.*' }, refused(insufficient())],
    ],
  },
  {
    title: 'a limit that always applies counts, and past it the key is RATE_LIMITED',
    key: { ratelimits: [limit] },
    steps: [
      [{}, valid],
      [{}, valid],
      [{}, refused('RATE_LIMITED')],
    ],
  },
  {
    title: 'a named limit counts the cost that is asked, and cost 0 only looks',
    key: { ratelimits: [named] },
    steps: [
      [{ ratelimits: [{ name: 'tokens', cost: 4 }] }, valid],
      [{ ratelimits: [{ name: 'tokens', cost: 0 }] }, valid],
      [{ ratelimits: [{ name: 'tokens', cost: 2 }] }, refused('RATE_LIMITED')],
      [{ ratelimits: [{ name: 'tokens' }] }, valid],
      [{ ratelimits: [{ name: 'tokens' }] }, refused('RATE_LIMITED')],
    ],
  },
  {
    title: 'a limit of the call alone needs no configuration',
    key: {},
    steps: [
      [{ ratelimits: [{ name: 'own', limit: 1, duration: minute }] }, valid],
      [{ ratelimits: [{ name: 'own', limit: 1, duration: minute }] }, refused('RATE_LIMITED')],
    ],
  },
  {
    title: 'credits are spent by cost, not at all when they do not suffice, and 0 always passes',
    key: remaining(6),
    steps: [
      [{}, { ...valid, credits: 5 }],
      [{ credits: { cost: 6 } }, { ...refused('USAGE_EXCEEDED'), credits: 5 }],
      [{ credits: { cost: 5 } }, { ...valid, credits: 0 }],
      [{ credits: { cost: 0 } }, { ...valid, credits: 0 }],
      [{}, { ...refused('USAGE_EXCEEDED'), credits: 0 }],
    ],
  },
  {
    title: 'a refused limit spends no credits',
    key: { ...remaining(5), ratelimits: [{ ...limit, limit: 1 }] },
    steps: [
      [{}, { ...valid, credits: 4 }],
      [{}, { ...refused('RATE_LIMITED'), credits: 4 }],
    ],
  },
];

function insufficient(): string {
  return 'INSUFFICIENT_PERMISSIONS';
}

let server: TestServer;
let unkey: Unkey;
let call: ApiClient;
let apiId: string;

before(async () => {
  server = await startServer({ workers: 2 });
  unkey = new Unkey({ serverURL: server.url, rootKey: server.rootKey });
  call = createApiClient(server);
  apiId = (await unkey.apis.createApi({ name: 'payments' })).data.apiId;
  await unkey.permissions.createRole({ name: 'writer', permissions: ['docs.write'] });
});
after(() => server.close());

async function newKey(settings: object): Promise<string> {
  return (await unkey.keys.createKey({ apiId, ...settings })).data.key;
}

async function askSdk(body: { key: string }): Promise<Answer> {
  return (await unkey.keys.verifyKey(body)).data as unknown as Answer;
}

async function askHttp(body: { key: string }): Promise<Answer> {
  const { status, json } = await call('keys.verifyKey', body);
  assert.equal(status, 200, JSON.stringify(json));
  return json.data as Answer;
}

for (const [door, ask] of [['SDK', askSdk] as const, ['HTTP', askHttp] as const]) {
  for (const { title, key: settings, steps } of rows) {
    test(`${door}: ${title}`, async () => {
      const key = await newKey(settings);
      for (const [index, [body, expected]] of steps.entries()) {
        const answer = await ask({ key, ...body });
        for (const [field, value] of Object.entries(expected)) {
          assert.deepEqual(answer[field], value, `step ${index}: ${JSON.stringify(answer)}`);
        }
      }
    });
  }

  test(`${door}: of a key that is not there nothing else is told`, async () => {
    assert.deepEqual(await ask({ key: 'pay_unknown' }), { valid: false, code: 'NOT_FOUND' });
  });

  test(`${door}: an address outside of the API's list is FORBIDDEN`, async () => {
    const own = (await unkey.apis.createApi({ name: 'guarded' })).data.apiId;
    const { status } = await call('apis.updateApi', { apiId: own, allowedAddresses: allowed });
    assert.equal(status, 200);
    const key = (await unkey.keys.createKey({ apiId: own })).data.key;
    const codeFrom = async (ip: string) =>
      (await call('keys.verifyKey', { key, ip })).json.data?.code;
    assert.equal((await ask({ key })).code, 'FORBIDDEN');
    assert.equal(await codeFrom('192.0.2.77'), 'VALID');
    assert.equal(await codeFrom('2001:db8::5'), 'VALID');
    assert.equal(await codeFrom('198.51.100.1'), 'FORBIDDEN');
  });
}

const allowed = ['192.0.2.0/24', '2001:db8::/32'];

test('a limit that nobody has is a 412, but not for a key that is refused first', async () => {
  const body = { ratelimits: [{ name: 'nobody' }] };
  const good = await call('keys.verifyKey', { key: await newKey({}), ...body });
  assert.equal(good.status, 412);
  assert.match(good.json.error?.detail ?? '', /nobody/);
  const off = await call('keys.verifyKey', { key: await newKey({ enabled: false }), ...body });
  assert.equal(off.json.data?.code, 'DISABLED');
});

test('a query that does not parse is a 400 with its position, whatever the key', async () => {
  const key = await newKey({ enabled: false });
  const { status, json } = await call('keys.verifyKey', { key, permissions: 'a AND (b' });
  assert.equal(status, 400);
  assert.match(json.error?.type ?? '', /permissions_query_syntax_error$/);
  assert.match(json.error?.detail ?? '', /position 8/);
  const unknown = await call('keys.verifyKey', { key: 'unknown', permissions: 'a AND (b' });
  assert.equal(unknown.json.data?.code, 'NOT_FOUND');
});
