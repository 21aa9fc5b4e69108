import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerOf, openControlWorld, operator } from './control-world.ts';

let world: ControlWorld;
let apiId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
});
after(() => world.close());

const update = (body: object) => world.ok('apis.updateApi', { apiId, ...body }, operator);
const refused = (body: object) => world.refused('apis.updateApi', { apiId, ...body }, operator);

test('settings are set, kept where they are absent, and cleared by null', async () => {
  const settings = {
    name: 'renamed',
    allowedAddresses: ['192.0.2.0/24', '2001:db8::1'],
    deleteProtection: true,
    recoverableKeys: true,
    keyChecksum: true,
    defaultPrefix: 'acme',
    defaultBytes: 24,
  };
  const set = await update(settings);
  const { id, keyspaceId, createdAt, ...shown } = set;
  assert.deepEqual(shown, settings);
  assert.deepEqual(await update({}), set);
  const cleared = await update({
    allowedAddresses: [],
    deleteProtection: false,
    defaultPrefix: null,
    defaultBytes: null,
  });
  assert.deepEqual(cleared, {
    id,
    keyspaceId,
    createdAt,
    name: 'renamed',
    allowedAddresses: [],
    deleteProtection: false,
    recoverableKeys: true,
    keyChecksum: true,
  });
  assert.deepEqual(await world.ok('apis.getApiSettings', { apiId }, operator), cleared);
});

test('an address list with anything else in it is refused and quoted', async () => {
  for (const entry of ['nowhere', '192.0.2.1/33', '192.0.2.1,192.0.2.2', ' ', 'fe80::1%eth0']) {
    const body = { apiId, allowedAddresses: ['192.0.2.1', entry] };
    const answer = await world.call('apis.updateApi', body, operator);
    assert.equal(answer.status, 400, entry);
  }
});

test('the API is one of the workspace that is named', async () => {
  assert.equal(await refused({ workspaceId: 'ws_2' }), '404 api_not_found');
  const elsewhere = callerOf('ws_2', 'admin.ws_1.update_api', 'admin.ws_1.read_api');
  const body = { apiId, workspaceId: 'ws_1' };
  assert.equal((await world.ok('apis.getApiSettings', body, elsewhere)).name, 'renamed');
  assert.equal(
    await world.refused('apis.getApiSettings', { apiId }, elsewhere),
    '403 insufficient_permissions',
  );
});

test('APIs are listed by id without the deleted ones', async () => {
  const made = await Promise.all(
    ['one', 'two', 'three'].map((name) => world.ok('apis.createApi', { name })),
  );
  await world.ok('apis.deleteApi', made[1]);
  const { rows } = await world.ok('apis.listApis', {});
  const ids = rows.map(({ id }: { id: string }) => id);
  const expected = [apiId, made[0].apiId, made[2].apiId].sort();
  assert.deepEqual(ids, expected);
  const page = await world.ok('apis.listApis', { limit: 1 });
  assert.equal(page.nextCursor, expected[1]);
});
