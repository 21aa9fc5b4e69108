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

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const create = (name = 'payments') => world.ok('apis.createApi', { name });

test('an API is made with a keyspace of its own; names need not differ', async () => {
  const first = await create();
  const second = await create();
  assert.match(first.apiId, /^api_/);
  assert.deepEqual(await world.ok('apis.getApi', first), { id: first.apiId, name: 'payments' });
  const spaces = await Promise.all(
    [first, second].map((api) => world.ok('apis.getApiSettings', api, operator)),
  );
  assert.notEqual(spaces[0].keyspaceId, spaces[1].keyspaceId);
  const onlyOne = callerWith(`api.${first.apiId}.create_api`);
  assert.equal(
    await world.refused('apis.createApi', { name: 'more' }, onlyOne),
    '403 insufficient_permissions',
  );
});

test('the right to an API is asked for before the API', async () => {
  const unknown = { apiId: 'api_unknown' };
  for (const name of ['apis.getApi', 'apis.deleteApi']) {
    assert.equal(await world.refused(name, unknown, callerWith()), '403 insufficient_permissions');
    assert.equal(await world.refused(name, unknown), '404 api_not_found');
    assert.equal(await world.refused(name, await create(), stranger), '404 api_not_found');
  }
});

test('a deleted API is gone with all its keys, whose rows stay', async () => {
  const api = await create();
  const { keyId, key } = await world.ok('keys.createKey', api);
  assert.deepEqual(await world.ok('apis.deleteApi', api), {});
  assert.equal(await world.refused('apis.deleteApi', api), '404 api_not_found');
  assert.equal(await world.refused('apis.listKeys', api), '404 api_not_found');
  assert.equal(await world.refused('keys.createKey', api), '404 api_not_found');
  assert.equal(await world.refused('keys.whoami', { key }), '404 key_not_found');
  for (const name of ['getKey', 'updateKey', 'deleteKey']) {
    assert.equal(await world.refused(`keys.${name}`, { keyId }), '404 key_not_found');
  }
  const stored = await world.database`
    select from latchkey.keys where id = ${keyId} and deleted_at_ms is null`;
  assert.equal(stored.count, 1);
});

test('an API under delete protection is not deleted', async () => {
  const api = await create();
  await world.ok('apis.updateApi', { ...api, deleteProtection: true }, operator);
  assert.equal(await world.refused('apis.deleteApi', api), '412 protected_resource');
  await world.ok('apis.getApi', api);
  await world.ok('apis.updateApi', { ...api, deleteProtection: false }, operator);
  await world.ok('apis.deleteApi', api);
});
