import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const one = await startServer({ workers: 2 });
const { databaseUrl, clickhouseUrl } = one;
const two = await startServer({
  workers: 2,
  stores: { databaseUrl, clickhouseUrl },
  settings: { LATCHKEY_ROOT_KEY: one.rootKey },
});
after(async () => {
  await two.close();
  await one.close();
});

/** Without an agent: each call has a connection of its own, which the kernel gives to a worker. */
const here = createApiClient(one);
const there = createApiClient({ url: two.url, rootKey: one.rootKey });

type Key = { keyId: string; key: string };

async function createKey(credits: object): Promise<Key> {
  const api = await here('apis.createApi', { name: 'metered' });
  const { json } = await here('keys.createKey', { apiId: api.json.data?.apiId, credits });
  const made = json.data as Key;
  await waitFor('the other node knows the key', async () => {
    const { data } = (await there('keys.verifyKey', { key: made.key, credits: { cost: 0 } })).json;
    return data?.code === 'VALID';
  });
  return made;
}

async function verify(call: ApiClient, { key }: Key, cost = 1): Promise<Record<string, unknown>> {
  const { status, json } = await call('keys.verifyKey', { key, credits: { cost } });
  assert.equal(status, 200);
  return json.data ?? {};
}

async function remaining({ keyId }: Key): Promise<unknown> {
  const { json } = await here('keys.getKey', { keyId });
  return (json.data?.credits as { remaining: number } | undefined)?.remaining;
}

/** How many of ten calls at once are good, taking turns among the nodes. */
async function tenAtOnce(key: Key, nodes: readonly ApiClient[]): Promise<number> {
  const verdicts = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      verify(nodes[index % nodes.length] as ApiClient, key, 5),
    ),
  );
  const codes = verdicts.map(({ code }) => code);
  assert.ok(codes.every((code) => code === 'VALID' || code === 'USAGE_EXCEEDED'));
  return codes.filter((code) => code === 'VALID').length;
}

test('25 credits are five calls of cost 5 for two workers, and for two nodes', async () => {
  const key = await createKey({ remaining: 0 });
  for (const nodes of [[here], [here, there]]) {
    for (let run = 0; run < 100; run += 1) {
      const set = { keyId: key.keyId, operation: 'set', value: 25 };
      assert.equal((await here('keys.updateCredits', set)).status, 200);
      assert.equal(await tenAtOnce(key, nodes), 5, `run ${run} with ${nodes.length} nodes`);
    }
  }
  assert.equal(await remaining(key), 0);
});

test('each answer tells what is left after it; what is too little is left as it is', async () => {
  const key = await createKey({ remaining: 100 });
  for (let left = 99; left >= 40; left -= 1) {
    assert.equal((await verify(here, key)).credits, left);
  }
  const refused = await verify(here, key, 41);
  assert.deepEqual([refused.code, refused.credits], ['USAGE_EXCEEDED', 40]);
  const looked = await verify(here, key, 0);
  assert.deepEqual([looked.code, looked.credits], ['VALID', 40]);
  assert.equal(await remaining(key), 40);
});

test('changed credits hold for the very next verification', async () => {
  const key = await createKey({ remaining: 1000 });
  const { keyId } = key;
  const change = async (operation: string, value: number | null) => {
    for (let call = 0; call < 10; call += 1) await verify(here, key);
    const { json } = await here('keys.updateCredits', { keyId, operation, value });
    return (json.data as { remaining: number | null }).remaining;
  };
  assert.equal(await change('set', 50), 50);
  assert.equal((await verify(here, key)).credits, 49);
  assert.equal(await change('increment', 100), 139);
  assert.equal((await verify(here, key)).credits, 138);
  assert.equal(await change('decrement', 1000), 0);
  assert.equal((await verify(here, key)).code, 'USAGE_EXCEEDED');
  await here('keys.updateKey', { keyId, credits: { remaining: 3 } });
  assert.equal((await verify(here, key)).credits, 2);
  await here('keys.updateKey', { keyId, credits: null });
  const unlimited = await verify(here, key);
  assert.deepEqual([unlimited.code, unlimited.credits], ['VALID', undefined]);
});

test('the metrics tell of leases, of what they hold, and of the room in both tables', async () => {
  const key = await createKey({ remaining: 100_000 });
  let text = '';
  const metric = (name: string) => Number(text.match(new RegExp(`^${name} (.+)$`, 'm'))?.[1]);
  // Between two calls a lease may just have been used up.
  await waitFor('a lease holds something', async () => {
    for (let call = 0; call < 30; call += 1) await verify(here, key);
    text = await (await fetch(`${one.adminUrl}/metrics`)).text();
    return metric('latchkey_credits_leased') >= 1;
  });
  assert.ok(metric('latchkey_credit_leases') >= 1);
  assert.ok(metric('latchkey_credit_slots_used') >= 1);
  assert.equal(metric('latchkey_credit_slots'), 65_536);
  assert.equal(metric('latchkey_limit_slots_used'), 0);
  assert.match(text, /^latchkey_credit_asks_total\{outcome="spent"\} [1-9]/m);
});

test('a node that is killed and started again gives back what it had not spent', async () => {
  const key = await createKey({ remaining: 10_000 });
  for (let call = 0; call < 300; call += 1) await verify(there, key);
  await two.kill('SIGKILL');
  await two.start();
  await waitFor('all is back', async () => (await remaining(key)) === 9700);
});
