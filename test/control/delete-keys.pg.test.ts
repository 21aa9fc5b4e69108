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
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
});
after(() => world.close());

async function create(body: object = {}): Promise<string> {
  return (await world.ok('keys.createKey', { apiId, ...body })).keyId;
}
async function exists(keyId: string): Promise<boolean> {
  return (await world.call('keys.getKey', { keyId })).status === 200;
}

test('a soft deletion keeps the row, and cannot be made permanent later', async () => {
  const keyId = await create();
  assert.deepEqual(await world.ok('keys.deleteKey', { keyId }), {});
  assert.equal(await exists(keyId), false);
  const permanent = { keyId, permanent: true };
  assert.equal(await world.refused('keys.deleteKey', permanent), '404 key_not_found');
  const stored = await world.database`select from latchkey.keys where id = ${keyId}`;
  assert.equal(stored.count, 1);
});

test('a permanent deletion takes everything that hangs on the key', async () => {
  const keyId = await create({
    recoverable: true,
    permissions: ['p'],
    credits: { remaining: 1 },
    ratelimits: [{ name: 'requests', limit: 1, duration: 1000, autoApply: true }],
  });
  await world.ok('keys.deleteKey', { keyId, permanent: true });
  const [left] = await world.database`
    select (select count(*) from latchkey.keys where id = ${keyId})
      + (select count(*) from latchkey.key_permissions where key_id = ${keyId})
      + (select count(*) from latchkey.key_credits where key_id = ${keyId})
      + (select count(*) from latchkey.ratelimits where key_id = ${keyId})
      + (select count(*) from latchkey.encrypted_keys where key_id = ${keyId}) as count`;
  assert.equal(left?.count, 0);
});

test('of two deletions at once one succeeds', async () => {
  const keyId = await create();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => world.call('keys.deleteKey', { keyId })),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 404, 404, 404, 404, 404, 404, 404]);
});

test('a list is deleted as a whole, or not at all', async () => {
  const keyIds = [await create(), await create()];
  const withUnknown = { keyIds: [...keyIds, 'key_unknown'] };
  assert.equal(await world.refused('keys.deleteKeys', withUnknown), '404 key_not_found');
  assert.equal(await world.refused('keys.deleteKeys', { keyIds }, stranger), '404 key_not_found');
  const powerless = callerWith('api.*.read_key');
  assert.equal(
    await world.refused('keys.deleteKeys', { keyIds }, powerless),
    '403 insufficient_permissions',
  );
  assert.ok(await exists(keyIds[0] as string));
  const answer = await world.ok('keys.deleteKeys', { keyIds });
  assert.deepEqual(answer, { deleted: 2, hasMore: false });
  assert.equal(await exists(keyIds[1] as string), false);
});

test('the keys of an identity go wherever they are; the identity stays', async () => {
  const other = await world.ok('apis.createApi', { name: 'other' });
  const first = await create({ externalId: 'leaver' });
  const second = await world.ok('keys.createKey', { ...other, externalId: 'leaver' });
  const body = { externalId: 'leaver' };
  const ofOneApi = callerWith(`api.${apiId}.delete_key`);
  assert.equal(
    await world.refused('keys.deleteKeys', body, ofOneApi),
    '403 insufficient_permissions',
  );
  assert.deepEqual(await world.ok('keys.deleteKeys', body), { deleted: 2, hasMore: false });
  assert.deepEqual([await exists(first), await exists(second.keyId)], [false, false]);
  await world.ok('identities.getIdentity', { identity: 'leaver' });
  assert.deepEqual(await world.ok('keys.deleteKeys', body), { deleted: 0, hasMore: false });
  assert.equal(
    await world.refused('keys.deleteKeys', { externalId: 'unknown' }),
    '404 identity_not_found',
  );
});

test('the keys of an API are deleted some thousands at a time', async () => {
  const other = await world.ok('apis.createApi', { name: 'large' });
  await world.database`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
    select 'key_l' || n, 'ws_1', ${other.apiId}, sha256(n::text::bytea), '', 1
    from generate_series(1, 10500) n`;
  const body = { ...other, permanent: true };
  assert.equal(await world.refused('keys.deleteKeys', body, callerWith()), '404 api_not_found');
  assert.deepEqual(await world.ok('keys.deleteKeys', body), { deleted: 10_000, hasMore: true });
  assert.deepEqual(await world.ok('keys.deleteKeys', body), { deleted: 500, hasMore: false });
});

test('exactly one selection has to be given', async () => {
  assert.equal(await world.refused('keys.deleteKeys', {}), '400 invalid_input');
  const two = { apiId, externalId: 'x' };
  assert.equal(await world.refused('keys.deleteKeys', two), '400 invalid_input');
});
