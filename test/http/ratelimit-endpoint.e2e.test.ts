import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { type ApiClient, createApiClient, type Reply } from '../support/api-client.ts';
import { rootKeyWith } from '../support/root-key.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** So long that no window ends while a test counts. */
const monthMs = 30 * 24 * 3600 * 1000;

let server: TestServer;
let database: Database;
/** Each call has a connection of its own, which the kernel gives to either worker. */
let call: ApiClient;

before(async () => {
  server = await startServer({ workers: 2 });
  database = openDatabase(server.databaseUrl, { connectionsMax: 2, applicationName: 'test' });
  call = createApiClient(server);
});
after(async () => {
  await database.end();
  await server.close();
});

function body(more: object = {}) {
  return { namespace: 'email', identifier: 'user_1', limit: 10, duration: monthMs, ...more };
}

const limit = (more: object = {}) => call('ratelimit.limit', body(more));
const multiLimit = (...items: object[]) => call('ratelimit.multiLimit', items.map(body));

/** The status, and of a fault what its code ends with. */
function told({ status, json }: Reply): string {
  return json.error ? `${status} ${json.error.type.split('/').at(-1)}` : String(status);
}

async function namespaceIds(name: string): Promise<string[]> {
  const rows = await database<{ id: string }[]>`
    select id from latchkey.ratelimit_namespaces where name = ${name}`;
  return rows.map(({ id }) => id);
}

test('a decision has the contract’s fields and headers, and no others', async () => {
  const { status, headers, json } = await limit({ namespace: 'fields' });
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['ratelimit-limit'], undefined);
  const { reset, ...rest } = json.data ?? {};
  assert.deepEqual(rest, { success: true, limit: 10, remaining: 9 });
  assert.equal((reset as number) % monthMs, 0);
  assert.ok((reset as number) > Date.now() && (reset as number) <= Date.now() + monthMs);
});

test('ten concurrent creators of a namespace end with one, and each is counted', async () => {
  const name = ' new/ü\u0001😀 ';
  const replies = await Promise.all(Array.from({ length: 10 }, () => limit({ namespace: name })));
  assert.deepEqual(replies.map(told), Array(10).fill('200'));
  const remaining = replies.map(({ json }) => json.data?.remaining as number);
  assert.deepEqual(
    remaining.sort((one, other) => one - other),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const ids = await namespaceIds(name);
  assert.equal(ids.length, 1);
  assert.equal((await limit({ namespace: ids[0] })).json.data?.success, false);
});

test('a body that breaks the schema is refused and told where', async () => {
  const rows: [change: object, location: string][] = [
    [{ namespace: '' }, '/properties/namespace/minLength'],
    [{ namespace: 'x'.repeat(513) }, '/properties/namespace/maxLength'],
    [{ identifier: '' }, '/properties/identifier/minLength'],
    [{ identifier: 1 }, '/properties/identifier/type'],
    [{ limit: 0 }, '/properties/limit/minimum'],
    [{ limit: 1.5 }, '/properties/limit/type'],
    [{ duration: 999 }, '/properties/duration/minimum'],
    [{ duration: monthMs + 1 }, '/properties/duration/maximum'],
    [{ cost: -1 }, '/properties/cost/minimum'],
    [{ cost: null }, '/properties/cost/type'],
    [{ namespaceId: 'rlns_1' }, '/additionalProperties'],
    [{ limit: undefined }, '/required'],
  ];
  for (const [change, location] of rows) {
    const reply = await limit(change);
    assert.equal(told(reply), '400 invalid_input');
    assert.deepEqual(
      reply.json.error?.errors?.map((error) => error.location),
      [location],
    );
    const together = await multiLimit({}, change);
    assert.equal(told(together), '400 invalid_input');
    const places = together.json.error?.errors?.map((error) => error.location);
    assert.deepEqual(places, [`/items${location}`]);
  }
  assert.equal(told(await call('ratelimit.multiLimit', [])), '400 invalid_input');
  assert.equal(told(await multiLimit(...Array(101).fill({}))), '400 invalid_input');
  assert.equal(told(await call('ratelimit.multiLimit', body())), '400 invalid_input');
});

test('rights and deleted namespaces are refused in the contract’s order', async () => {
  await limit({ namespace: 'guarded' });
  await limit({ namespace: 'old' });
  const [guardedId = ''] = await namespaceIds('guarded');
  await database`update latchkey.ratelimit_namespaces set deleted_at_ms = 1 where name = 'old'`;
  // Answered after the replica has everything that was committed before it.
  await call('apis.createApi', { name: 'waits for the replica' });
  const as = async (...permissions: string[]) => {
    const rootKey = await rootKeyWith(server, ...permissions);
    return createApiClient({ url: server.url, rootKey });
  };
  const nobody = await as('ratelimit.*.read_override');
  const limiter = await as('ratelimit.*.limit');
  const creator = await as('ratelimit.*.create_namespace');
  const specific = await as(`ratelimit.${guardedId}.limit`);
  const both = await as('ratelimit.*.create_namespace', 'ratelimit.*.limit');
  const denied = '403 insufficient_permissions';
  const gone = '410 ratelimit_namespace_gone';
  const rows: [caller: ApiClient, namespaces: string[], single: string, together: string][] = [
    [nobody, ['guarded'], denied, denied],
    [nobody, ['missing'], denied, denied],
    [nobody, ['old'], gone, denied],
    [limiter, ['guarded'], '200', '200'],
    [limiter, ['missing'], denied, denied],
    [limiter, ['old'], gone, gone],
    [limiter, ['guarded', 'old'], '200', gone],
    [limiter, ['guarded', 'missing'], '200', denied],
    [specific, ['guarded'], '200', '200'],
    [specific, [guardedId], '200', '200'],
    [specific, ['guarded', 'old'], '200', denied],
    [creator, ['created'], denied, denied],
    [both, ['created too', 'guarded', 'and created'], '200', '200'],
  ];
  for (const [caller, namespaces, single, together] of rows) {
    const items = namespaces.map((namespace) => body({ namespace, cost: 0 }));
    const [first] = items;
    assert.equal(told(await caller('ratelimit.limit', first as object)), single, `${namespaces}`);
    assert.equal(told(await caller('ratelimit.multiLimit', items)), together, `${namespaces}`);
  }
  // Made by who may make it, though it may not count in it.
  assert.equal((await namespaceIds('created')).length, 1);
  assert.equal((await namespaceIds('missing')).length, 0);
});

test('of concurrent calls to two workers exactly as many pass as the limit says', async () => {
  await limit({ namespace: 'exact', cost: 0 });
  const passes = async (ask: (number: number) => Promise<Reply>, isPass: string) => {
    const replies = await Promise.all(Array.from({ length: 300 }, (_, number) => ask(number)));
    assert.deepEqual(new Set(replies.map(told)), new Set(['200']));
    return replies.filter(({ json }) => json.data?.[isPass] === true).length;
  };
  const one = { namespace: 'exact', limit: 120 };
  assert.equal(await passes(() => limit(one), 'success'), 120);
  const shared = { ...one, identifier: 'shared', limit: 240 };
  const together = () => multiLimit(shared, { ...shared, cost: 2 }, { ...one, identifier: 'b' });
  assert.equal(await passes(together, 'passed'), 80);
  const left = await limit({ ...one, identifier: 'b', cost: 0 });
  assert.equal(left.json.data?.remaining, 40);
});

test('an override counts from the next call on, whichever worker gets it', async () => {
  const place = { namespace: 'overridden', identifier: 'vip_*' };
  const asVip = async () => (await limit({ ...place, identifier: 'vip_1', cost: 0 })).json.data;
  await limit({ namespace: place.namespace, cost: 0 });
  for (let round = 1; round <= 20; round += 1) {
    const set = { ...place, limit: 100 + round, duration: 60_000 + round };
    const { overrideId } = (await call('ratelimit.setOverride', set)).json.data ?? {};
    const { reset, ...found } = (await asVip()) ?? {};
    const limitNow = 100 + round;
    assert.deepEqual(found, { success: true, limit: limitNow, remaining: limitNow, overrideId });
    assert.equal((reset as number) % (60_000 + round), 0);
    await call('ratelimit.deleteOverride', place);
    assert.equal((await asVip())?.limit, 10);
  }
});
