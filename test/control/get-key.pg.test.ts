import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
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

const create = (body: object = {}) => world.ok('keys.createKey', { apiId, ...body });

test('a key that does not exist is refused before a right that is missing', async () => {
  const { keyId } = await create();
  const powerless = callerWith();
  assert.equal(
    await world.refused('keys.getKey', { keyId }, powerless),
    '403 insufficient_permissions',
  );
  for (const caller of [powerless, operator]) {
    assert.equal(
      await world.refused('keys.getKey', { keyId: 'key_no' }, caller),
      '404 key_not_found',
    );
  }
  assert.equal(await world.refused('keys.getKey', { keyId }, stranger), '404 key_not_found');
  await world.ok('keys.deleteKey', { keyId });
  assert.equal(await world.refused('keys.getKey', { keyId }, powerless), '404 key_not_found');
});

test('a denial names what is missing and nothing that is held', async () => {
  const { keyId } = await create();
  const answer = await world.call('keys.getKey', { keyId }, callerWith('api.*.create_key'));
  assert.equal(
    'detail' in answer && answer.detail,
    `Missing one of these permissions: api.*.read_key or api.${apiId}.read_key`,
  );
});

test('an identity that was deleted is not shown, nor are permissions and roles', async () => {
  const permission = { name: 'p', slug: 'gone.p' };
  await world.ok('permissions.createPermission', permission);
  await world.ok('permissions.createRole', { name: 'gone role', permissions: ['gone.q'] });
  const settings = { externalId: 'gone', permissions: ['gone.p'], roles: ['gone role'] };
  const { keyId } = await create(settings);
  await world.ok('identities.deleteIdentity', { identity: 'gone' });
  await world.ok('permissions.deletePermission', { permission: 'gone.p' });
  await world.ok('permissions.deleteRole', { role: 'gone role' });
  const { identity, permissions, roles } = await world.ok('keys.getKey', { keyId });
  assert.deepEqual([identity, permissions, roles], [undefined, undefined, undefined]);
});

test('limits of the identity are shown with it, those of the key by themselves', async () => {
  const limit = { name: 'requests', limit: 5, duration: 1000, autoApply: false };
  const ratelimits = [limit];
  await world.ok('identities.createIdentity', { externalId: 'limited', ratelimits });
  const { keyId } = await create({
    externalId: 'limited',
    ratelimits: [{ ...limit, limit: 1 }],
  });
  const key = await world.ok('keys.getKey', { keyId });
  assert.equal(key.ratelimits[0].limit, 1);
  assert.equal(key.identity.ratelimits[0].limit, 5);
});

test('a key is decrypted if vault, right and switch are there, in this order', async () => {
  const other = await world.ok('apis.createApi', { name: 'recoverable' });
  await world.ok('apis.updateApi', { ...other, recoverableKeys: true }, operator);
  const { keyId, key } = await world.ok('keys.createKey', { ...other, recoverable: true });
  const decrypt = { keyId, decrypt: true };
  const { vault } = world.context;
  const reader = callerWith('api.*.read_key');
  world.context.vault = undefined;
  assert.equal(await world.refused('keys.getKey', decrypt, reader), '412 precondition_failed');
  world.context.vault = vault;
  assert.equal(await world.refused('keys.getKey', decrypt, reader), '403 insufficient_permissions');
  const decrypter = callerWith('api.*.read_key', `api.${other.apiId}.decrypt_key`);
  assert.equal((await world.ok('keys.getKey', decrypt, decrypter)).plaintext, key);

  const plain = await world.ok('keys.createKey', other);
  const shown = await world.ok('keys.getKey', { keyId: plain.keyId, decrypt: true });
  assert.equal(shown.plaintext, undefined);
  await world.database`
    update latchkey.encrypted_keys set ciphertext = '\\x01' where key_id = ${keyId}`;
  assert.equal((await world.ok('keys.getKey', decrypt)).plaintext, undefined);
  await world.ok('apis.updateApi', { ...other, recoverableKeys: false }, operator);
  assert.equal(await world.refused('keys.getKey', decrypt), '412 precondition_failed');
});

test('a key finds itself, and whoever may not read it is told that there is none', async () => {
  const { keyId, key } = await create({ permissions: ['b', 'a', 'c'] });
  const found = await world.ok('keys.whoami', { key });
  assert.equal(found.keyId, keyId);
  assert.deepEqual(found.permissions, ['a', 'b', 'c']);
  assert.equal(found.plaintext, undefined);
  const unknown = await world.call('keys.whoami', { key: 'unknown' });
  assert.equal(unknown.status, 404);
  const { keyId: deletedId, key: deleted } = await create();
  await world.ok('keys.deleteKey', { keyId: deletedId });
  for (const [text, caller] of [
    [key, stranger],
    [key, callerWith('api.*.verify_key')],
    [deleted, operator],
  ] as const) {
    assert.deepEqual(await world.call('keys.whoami', { key: text }, caller), unknown);
  }
});
