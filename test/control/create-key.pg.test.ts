import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isWellFormed } from '../../src/domain/key-checksum.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import {
  admin,
  type ControlWorld,
  callerWith,
  openControlWorld,
  operator,
  stranger,
} from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});
after(() => world.close());

const create = (body: object = {}, caller = admin) =>
  world.ok('keys.createKey', { apiId, ...body }, caller);
const refused = (body: object, caller = admin) =>
  world.refused('keys.createKey', { apiId, ...body }, caller);
const get = (keyId: string) => world.ok('keys.getKey', { keyId });

test('a key is random bytes in base58, of which only the hash and the start are kept', async () => {
  const { keyId, key } = await create();
  assert.match(key, /^[1-9A-HJ-NP-Za-km-z]{20,22}$/);
  const [row] = await world.database`select * from latchkey.keys where id = ${keyId}`;
  assert.deepEqual(row?.hash, keyHash(key));
  assert.equal(row?.start, key.slice(0, 4));
  assert.ok(!JSON.stringify(row).includes(key));
  assert.deepEqual(await get(keyId), {
    keyId,
    start: key.slice(0, 4),
    enabled: true,
    createdAt: world.context.nowMs,
  });
});

test('prefix and byte length come from the request, else from the API', async () => {
  const named = await create({ prefix: 'live_acme', byteLength: 64 });
  assert.match(named.key, /^live_acme_[1-9A-HJ-NP-Za-km-z]{85,88}$/);
  assert.equal((await get(named.keyId)).start, named.key.slice(0, 'live_acme_'.length + 4));
  const other = await world.ok('apis.createApi', { name: 'with defaults' });
  const settings = { ...other, defaultPrefix: 'dflt', defaultBytes: 32 };
  await world.ok('apis.updateApi', settings, operator);
  assert.match((await create(other)).key, /^dflt_[1-9A-HJ-NP-Za-km-z]{42,44}$/);
  assert.match((await create({ ...other, prefix: 'own' })).key, /^own_/);
});

test('everything that the request says of a key is stored', async () => {
  await world.ok('permissions.createRole', { name: 'Reader', permissions: ['docs.read'] });
  const limit = { name: 'requests', limit: 10, duration: 60_000, autoApply: true };
  const { keyId, key } = await create({
    prefix: 'p',
    name: 'all of it',
    externalId: 'user_1',
    meta: { plan: 'pro', nested: { deep: ['ü'] } },
    roles: ['READER'],
    permissions: ['docs.write', 'Docs.Write', 'docs.read'],
    expires: 4_102_444_800_000,
    credits: { remaining: 10, refill: { interval: 'monthly', amount: 5, refillDay: 31 } },
    ratelimits: [{ ...limit, limit: 1 }, limit],
    enabled: false,
  });
  const { identity, ratelimits, ...rest } = await get(keyId);
  assert.match(identity.id, /^id_/);
  assert.deepEqual({ ...identity, id: '' }, { id: '', externalId: 'user_1' });
  assert.match(ratelimits[0].id, /^rl_/);
  assert.deepEqual(ratelimits, [{ ...limit, id: ratelimits[0].id }]);
  assert.deepEqual(rest, {
    keyId,
    start: key.slice(0, 6),
    enabled: false,
    createdAt: world.context.nowMs,
    name: 'all of it',
    meta: { plan: 'pro', nested: { deep: ['ü'] } },
    expires: 4_102_444_800_000,
    permissions: ['docs.read', 'docs.write'],
    roles: ['Reader'],
    credits: { remaining: 10, refill: { interval: 'monthly', amount: 5, refillDay: 31 } },
  });
});

test('an API that is unknown, deleted, foreign or not permitted reads the same words', async () => {
  const deleted = await world.ok('apis.createApi', { name: 'deleted' });
  await world.ok('apis.deleteApi', deleted);
  const answers = [
    await world.call('keys.createKey', { apiId: 'api_missing' }),
    await world.call('keys.createKey', deleted),
    await world.call('keys.createKey', { apiId }, stranger),
    await world.call('keys.createKey', { apiId }, callerWith('api.*.read_key')),
    await world.call('keys.createKey', { apiId }, callerWith('api.api_other.create_key')),
  ];
  assert.equal('code' in (answers[0] ?? {}) && answers[0]?.status, 404);
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
});

test('an unmet reference or credit rule refuses the key and leaves nothing behind', async () => {
  const count = async () =>
    (
      await world.database`
      select (select count(*) from latchkey.keys) + (select count(*) from latchkey.identities)
        + (select count(*) from latchkey.permissions) as n`
    )[0]?.n;
  const earlier = await count();
  const more = { externalId: 'nobody', permissions: ['not.made'] };
  assert.equal(await refused({ ...more, roles: ['missing'] }), '404 role_not_found');
  const refill = { interval: 'daily', amount: 1 };
  const monthly = { interval: 'monthly', amount: 1 };
  for (const credits of [
    { remaining: null, refill },
    { remaining: 1, refill: monthly },
  ]) {
    assert.equal(await refused({ ...more, credits }), '400 invalid_input');
  }
  assert.equal(await count(), earlier);
});

test('on creation a daily refill ignores its day, and unlimited is no credits', async () => {
  const refill = { interval: 'daily', amount: 1, refillDay: 3 };
  const { keyId } = await create({ credits: { remaining: 0, refill } });
  const { credits } = await get(keyId);
  assert.deepEqual(credits, { remaining: 0, refill: { interval: 'daily', amount: 1 } });
  const unlimited = await create({ credits: { remaining: null } });
  assert.equal((await get(unlimited.keyId)).credits, undefined);
});

test('a recoverable key takes a master key, the right and the switch of its API', async () => {
  const recoverable = { recoverable: true };
  assert.equal(await refused(recoverable), '412 precondition_failed');
  const creator = callerWith('api.*.create_key');
  assert.equal(await refused(recoverable, creator), '404 api_not_found');
  const { vault } = world.context;
  world.context.vault = undefined;
  assert.equal(await refused(recoverable, creator), '412 precondition_failed');
  world.context.vault = vault;
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  assert.equal(await refused(recoverable, creator), '404 api_not_found');
  const { keyId, key } = await create(
    recoverable,
    callerWith('api.*.create_key', `api.${apiId}.encrypt_key`),
  );
  assert.equal((await world.ok('keys.getKey', { keyId, decrypt: true })).plaintext, key);
});

test('with the checksum of its API on, a mistyped key is told without a look-up', async () => {
  const other = await world.ok('apis.createApi', { name: 'with checksum' });
  await world.ok('apis.updateApi', { ...other, keyChecksum: true }, operator);
  const { keyId, key } = await create({ ...other, prefix: 'acme' });
  assert.match(key, /^acme_[1-9A-HJ-NP-Za-km-z]{20,22}0[1-9A-HJ-NP-Za-km-z]{6}$/);
  assert.ok(isWellFormed(key));
  assert.ok(!isWellFormed(`${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`));
  assert.equal((await world.ok('keys.whoami', { key })).keyId, keyId);
});

test('many keys are created in the order of the request, or none of them', async () => {
  await world.ok('permissions.createRole', { name: 'bulk' });
  const keys = Array.from({ length: 1000 }, (_, index) => ({
    name: `bulk ${index}`,
    externalId: `bulk-${index % 10}`,
    permissions: ['bulk.a', `bulk.${index % 7}`],
    roles: ['bulk'],
    credits: { remaining: index },
    ratelimits: [{ name: 'requests', limit: index + 1, duration: 1000, autoApply: false }],
  }));
  const made = await world.ok('keys.createKeys', { apiId, keys });
  assert.equal(new Set(made.keys.map(({ key }: { key: string }) => key)).size, 1000);
  const seventh = await get(made.keys[7].keyId);
  assert.equal(seventh.name, 'bulk 7');
  assert.equal(seventh.identity.externalId, 'bulk-7');
  assert.deepEqual(seventh.permissions, ['bulk.0', 'bulk.a']);
  assert.deepEqual(seventh.credits, { remaining: 7 });
  assert.equal(seventh.ratelimits[0].limit, 8);
  assert.equal((await world.ok('keys.whoami', { key: made.keys[999].key })).name, 'bulk 999');

  const bad = [{ name: 'not stored' }, { roles: ['missing'] }];
  assert.equal(await world.refused('keys.createKeys', { apiId, keys: bad }), '404 role_not_found');
  const stored = await world.database`select from latchkey.keys where name = 'not stored'`;
  assert.equal(stored.count, 0);
});

test('ten calls at once that need the same new things make each of them once', async () => {
  const permissions = ['race.a', 'race.b', 'race.c'];
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      create({
        externalId: 'raced',
        permissions: index % 2 === 0 ? permissions : permissions.toReversed(),
      }),
    ),
  );
  const [identities] = await world.database`
    select count(*)::int from latchkey.identities where external_id = 'raced'`;
  assert.equal(identities?.count, 1);
  const [stored] = await world.database`
    select count(*)::int from latchkey.permissions where slug like 'race.%'`;
  assert.equal(stored?.count, 3);
  for (const { keyId } of made) assert.deepEqual((await get(keyId)).permissions, permissions);
});
