import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, openControlWorld } from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});
after(() => world.close());

async function create(body: object = {}): Promise<string> {
  return (await world.ok('keys.createKey', { apiId, ...body })).keyId;
}
const get = (keyId: string) => world.ok('keys.getKey', { keyId });
const update = (keyId: string, body: object) => world.ok('keys.updateKey', { keyId, ...body });
const refused = (keyId: string, body: object) =>
  world.refused('keys.updateKey', { keyId, ...body });

const limit = { name: 'requests', limit: 10, duration: 60_000, autoApply: true };

test('an absent field stays, null clears, a value sets', async () => {
  const settings = { name: 'one', externalId: 'u1', meta: { a: 1 }, expires: 4_000_000_000_000 };
  const keyId = await create(settings);
  const before = await get(keyId);
  world.context.nowMs += 5;
  assert.deepEqual(await update(keyId, {}), {});
  assert.deepEqual(await get(keyId), { ...before, updatedAt: world.context.nowMs });

  await update(keyId, {
    name: 'two',
    externalId: 'u2',
    meta: { b: 2 },
    expires: 5,
    enabled: false,
  });
  const after = await get(keyId);
  assert.deepEqual(
    [after.name, after.identity.externalId, after.meta, after.expires, after.enabled],
    ['two', 'u2', { b: 2 }, 5, false],
  );

  await update(keyId, { name: null, externalId: null, meta: null, expires: null });
  const cleared = await get(keyId);
  assert.deepEqual(
    [cleared.name, cleared.identity, cleared.meta, cleared.expires],
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(cleared.enabled, false);
});

test('each form of credits changes what it names and keeps the rest', async () => {
  const daily = { interval: 'daily', amount: 5 };
  const monthly = { interval: 'monthly', amount: 9, refillDay: 31 };
  const keyId = await create({ credits: { remaining: 10, refill: daily } });
  const credits = async (given: object | null) => {
    await update(keyId, { credits: given });
    return (await get(keyId)).credits;
  };
  assert.deepEqual(await credits({ remaining: 3 }), { remaining: 3, refill: daily });
  assert.deepEqual(await credits({ refill: monthly }), { remaining: 3, refill: monthly });
  assert.deepEqual(await credits({ refill: null }), { remaining: 3 });
  assert.deepEqual(await credits({ remaining: 0, refill: daily }), { remaining: 0, refill: daily });
  assert.equal(await credits({ remaining: null }), undefined);
  assert.deepEqual(await credits({ remaining: 7 }), { remaining: 7 });
  assert.equal(await credits(null), undefined);
});

test('on an update a monthly refill needs its day, a daily one must not have one', async () => {
  const keyId = await create({ credits: { remaining: 1 } });
  const refused400 = async (credits: object) =>
    assert.equal(await refused(keyId, { credits }), '400 invalid_input');
  await refused400({ refill: { interval: 'monthly', amount: 1 } });
  await refused400({ refill: { interval: 'daily', amount: 1, refillDay: 1 } });
  await refused400({ remaining: null, refill: { interval: 'daily', amount: 1 } });
  const unlimited = await create();
  const credits = { refill: { interval: 'daily', amount: 1 } };
  assert.equal(await refused(unlimited, { credits }), '400 invalid_input');
});

test('limits are matched by name: kept ones keep their id, others go', async () => {
  const keyId = await create({ ratelimits: [limit, { ...limit, name: 'tokens' }] });
  const before = (await get(keyId)).ratelimits;
  const idOf = (name: string) => before.find((one: { name: string }) => one.name === name).id;
  await update(keyId, {
    ratelimits: [
      { ...limit, limit: 99 },
      { ...limit, name: 'third' },
    ],
  });
  const after = (await get(keyId)).ratelimits;
  assert.deepEqual(after.map(({ name }: { name: string }) => name).sort(), ['requests', 'third']);
  const kept = after.find((one: { name: string }) => one.name === 'requests');
  assert.deepEqual(kept, { ...limit, limit: 99, id: idOf('requests') });
  await update(keyId, { ratelimits: [] });
  assert.equal((await get(keyId)).ratelimits, undefined);
});

test('roles and direct permissions are replaced; what a role gives stays', async () => {
  await world.ok('permissions.createRole', { name: 'writer', permissions: ['w'] });
  await world.ok('permissions.createRole', { name: 'reader', permissions: ['r'] });
  const keyId = await create({ roles: ['reader'], permissions: ['x', 'y'] });
  await update(keyId, { roles: ['WRITER', 'writer'], permissions: ['Y', 'made.now'] });
  const { roles, permissions } = await get(keyId);
  assert.deepEqual(roles, ['writer']);
  assert.deepEqual(permissions, ['made.now', 'w', 'y']);
  assert.equal(await refused(keyId, { roles: ['missing'], name: 'never' }), '404 role_not_found');
  assert.equal((await get(keyId)).name, undefined);
  await update(keyId, { roles: [], permissions: [] });
  assert.equal((await get(keyId)).permissions, undefined);
});

test('a repeat of the same links and limits is recorded as no connection', async () => {
  const keyId = await create({ permissions: ['x'], ratelimits: [limit] });
  await update(keyId, { permissions: ['X'], ratelimits: [limit] });
  const events = await world.eventsOf();
  assert.deepEqual(
    events.map(({ action }) => action),
    ['key.update'],
  );
});

test('updates of one key at once follow one another, and each ends as one of them', async () => {
  const keyId = await create();
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      update(keyId, {
        externalId: `shared-${index % 2}`,
        permissions: [`set.${index}.a`, `set.${index}.b`, 'set.common'],
        ratelimits: [{ ...limit, limit: index + 1 }],
        credits: { remaining: index },
      }),
    ),
  );
  const key = await get(keyId);
  const index = key.credits.remaining;
  const set = [`set.${index}.a`, `set.${index}.b`, 'set.common'];
  assert.deepEqual(key.permissions.toSorted(), set.toSorted());
  assert.equal(key.ratelimits[0].limit, index + 1);
  assert.equal(key.identity.externalId, `shared-${index % 2}`);
});

test('a key that was deleted meanwhile is not brought back', async () => {
  const keyId = await create();
  const [updated] = await Promise.all([
    world.call('keys.updateKey', { keyId, name: 'late' }),
    world.ok('keys.deleteKey', { keyId }),
  ]);
  assert.ok([200, 404].includes(updated.status));
  assert.equal(await world.refused('keys.getKey', { keyId }), '404 key_not_found');
});
