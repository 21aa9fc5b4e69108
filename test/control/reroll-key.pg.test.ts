import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld, operator } from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});
after(() => world.close());

const create = (body: object = {}) => world.ok('keys.createKey', { apiId, ...body });
const get = (keyId: string) => world.ok('keys.getKey', { keyId });
const reroll = (keyId: string, expiration = 0) =>
  world.ok('keys.rerollKey', { keyId, expiration, ignored: 'field' });

test('the new key is another one with the same settings', async () => {
  await world.ok('permissions.createRole', { name: 'reader', permissions: ['r'] });
  const old = await create({
    prefix: 'acme_live',
    name: 'one',
    externalId: 'u1',
    meta: { a: 1 },
    enabled: false,
    expires: 4_000_000_000_000,
    roles: ['reader'],
    permissions: ['p'],
    credits: { remaining: 4, refill: { interval: 'daily', amount: 9 } },
    ratelimits: [{ name: 'requests', limit: 1, duration: 1000, autoApply: true }],
  });
  const before = await get(old.keyId);
  world.context.nowMs += 1;
  const made = await reroll(old.keyId);
  assert.notEqual(made.keyId, old.keyId);
  assert.match(made.key, /^acme_live_[1-9A-HJ-NP-Za-km-z]{20,22}$/);
  const after = await get(made.keyId);
  assert.notEqual(after.ratelimits[0].id, before.ratelimits[0].id);
  assert.deepEqual(after, {
    ...before,
    keyId: made.keyId,
    start: made.key.slice(0, 'acme_live_'.length + 4),
    createdAt: world.context.nowMs,
    ratelimits: [{ ...before.ratelimits[0], id: after.ratelimits[0].id }],
  });
  assert.equal((await world.ok('keys.whoami', { key: made.key })).keyId, made.keyId);
});

test('the old key ends before this instant, or with a full minute after its grace', async () => {
  const { keyId } = await create({ expires: 1 });
  await reroll(keyId);
  assert.equal((await get(keyId)).expires, world.context.nowMs - 1);
  world.context.nowMs = Date.UTC(2026, 0, 1, 12, 0, 0, 500);
  await reroll(keyId, 90_000);
  assert.equal((await get(keyId)).expires, Date.UTC(2026, 0, 1, 12, 2));
  world.context.nowMs = Date.UTC(2026, 0, 1, 12, 0);
  await reroll(keyId, 60_000);
  assert.equal((await get(keyId)).expires, Date.UTC(2026, 0, 1, 12, 1));
});

test('without a prefix of the old key, that of the API and its byte length are taken', async () => {
  const other = await world.ok('apis.createApi', { name: 'with defaults' });
  const { keyId } = await world.ok('keys.createKey', other);
  const settings = { ...other, defaultPrefix: 'dflt', defaultBytes: 32, keyChecksum: true };
  await world.ok('apis.updateApi', settings, operator);
  assert.match((await reroll(keyId)).key, /^dflt_[1-9A-HJ-NP-Za-km-z]{42,44}0.{6}$/);
});

test('a recoverable key stays recoverable, which takes the right to encrypt', async () => {
  const other = await world.ok('apis.createApi', { name: 'recoverable' });
  await world.ok('apis.updateApi', { ...other, recoverableKeys: true }, operator);
  const { keyId } = await world.ok('keys.createKey', { ...other, recoverable: true });
  const body = { keyId, expiration: 0 };
  const creator = callerWith('api.*.create_key');
  assert.equal(
    await world.refused('keys.rerollKey', body, creator),
    '403 insufficient_permissions',
  );
  const { vault } = world.context;
  world.context.vault = undefined;
  assert.equal(await world.refused('keys.rerollKey', body), '412 precondition_failed');
  world.context.vault = vault;
  await world.ok('apis.updateApi', { ...other, recoverableKeys: false }, operator);
  assert.equal(await world.refused('keys.rerollKey', body), '412 precondition_failed');
  await world.ok('apis.updateApi', { ...other, recoverableKeys: true }, operator);
  const encrypter = callerWith('api.*.create_key', 'api.*.encrypt_key');
  const made = await world.ok('keys.rerollKey', body, encrypter);
  const shown = await world.ok('keys.getKey', { keyId: made.keyId, decrypt: true });
  assert.equal(shown.plaintext, made.key);
});

test('what does not exist is refused before what is not allowed', async () => {
  const body = { keyId: 'key_unknown', expiration: 0 };
  assert.equal(await world.refused('keys.rerollKey', body, callerWith()), '404 key_not_found');
  const { keyId } = await create();
  assert.equal(
    await world.refused('keys.rerollKey', { ...body, keyId }, callerWith('api.*.update_key')),
    '403 insufficient_permissions',
  );
});
