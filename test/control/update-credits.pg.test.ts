import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld } from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});
after(() => world.close());

const refill = { interval: 'daily', amount: 5 };

async function create(credits?: object): Promise<string> {
  return (await world.ok('keys.createKey', { apiId, ...(credits && { credits }) })).keyId;
}
const change = (keyId: string, operation: string, value?: number | null) =>
  world.ok('keys.updateCredits', body(keyId, operation, value));
const body = (keyId: string, operation: string, value?: number | null) => ({
  keyId,
  operation,
  ...(value !== undefined && { value }),
});

test('credits are set, added and taken, never below none; the refill stays', async () => {
  const keyId = await create({ remaining: 10, refill });
  assert.deepEqual(await change(keyId, 'set', 3), { remaining: 3, refill });
  assert.deepEqual(await change(keyId, 'increment', 4), { remaining: 7, refill });
  assert.deepEqual(await change(keyId, 'decrement', 5), { remaining: 2, refill });
  assert.deepEqual(await change(keyId, 'decrement', 5), { remaining: 0, refill });
  assert.deepEqual((await world.ok('keys.getKey', { keyId })).credits, { remaining: 0, refill });
});

test('set to null or to nothing means unlimited, and there is no refill any more', async () => {
  for (const value of [null, undefined]) {
    const keyId = await create({ remaining: 10, refill });
    assert.deepEqual(await change(keyId, 'set', value), { remaining: null });
    assert.equal((await world.ok('keys.getKey', { keyId })).credits, undefined);
    assert.deepEqual(await change(keyId, 'set', 1), { remaining: 1 });
  }
});

test('to add or take needs a value, and credits that are limited', async () => {
  const limited = await create({ remaining: 1 });
  const unlimited = await create();
  for (const operation of ['increment', 'decrement']) {
    for (const wrong of [body(limited, operation), body(limited, operation, null)]) {
      assert.equal(await world.refused('keys.updateCredits', wrong), '400 invalid_input');
    }
    const onUnlimited = body(unlimited, operation, 1);
    assert.equal(await world.refused('keys.updateCredits', onUnlimited), '400 invalid_input');
  }
});

test('a sum beyond what a number can hold is the largest that it can', async () => {
  const keyId = await create({ remaining: Number.MAX_SAFE_INTEGER });
  const { remaining } = await change(keyId, 'increment', Number.MAX_SAFE_INTEGER);
  assert.equal(remaining, Number.MAX_SAFE_INTEGER);
});

test('ten additions at once are all counted', async () => {
  const keyId = await create({ remaining: 0 });
  await Promise.all(Array.from({ length: 10 }, () => change(keyId, 'increment', 3)));
  assert.equal((await world.ok('keys.getKey', { keyId })).credits.remaining, 30);
});

test('first comes what exists, then what is allowed, then what makes sense', async () => {
  const senseless = (keyId: string) => body(keyId, 'increment');
  const powerless = callerWith('api.*.read_key');
  const refused = (keyId: string) =>
    world.refused('keys.updateCredits', senseless(keyId), powerless);
  assert.equal(await refused('key_unknown'), '404 key_not_found');
  assert.equal(await refused(await create()), '403 insufficient_permissions');
});
