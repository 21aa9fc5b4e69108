import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld } from './control-world.ts';

let world: ControlWorld;
let keyId: string;

before(async () => {
  world = await openControlWorld();
  const { apiId } = await world.ok('apis.createApi', { name: 'payments' });
  ({ keyId } = await world.ok('keys.createKey', { apiId }));
  await world.ok('permissions.createRole', { name: 'Reader', permissions: ['r'] });
  await world.ok('permissions.createRole', { name: 'Writer', description: 'writes' });
});
after(() => world.close());

type Role = { id: string; name: string };
const names = (rows: Role[]) => rows.map(({ name }) => name);
const call = (name: string, roles: string[]) => world.ok(`keys.${name}Roles`, { keyId, roles });

test('roles are added, taken away and replaced by name, whatever its case', async () => {
  const [reader] = await call('add', ['READER', 'reader']);
  assert.deepEqual(
    { ...reader, id: '', permissions: reader.permissions.length },
    { id: '', name: 'Reader', permissions: 1 },
  );
  assert.deepEqual(names(await call('add', ['writer', 'reader'])), ['Reader', 'Writer']);
  assert.deepEqual(names(await call('remove', ['READER'])), ['Writer']);
  assert.deepEqual(names(await call('remove', ['reader'])), ['Writer']);
  assert.deepEqual(await world.eventsOf(), []);
  assert.deepEqual(names(await call('set', ['reader'])), ['Reader']);
  assert.deepEqual(await call('set', []), []);
});

test('an unknown role is quoted and nothing is applied; an id is a name', async () => {
  const [{ id }] = await call('set', ['reader']);
  for (const name of ['add', 'remove', 'set']) {
    const body = { keyId, roles: ['writer', id] };
    const answer = await world.call(`keys.${name}Roles`, body);
    assert.equal(answer.status, 404);
    assert.ok('detail' in answer && answer.detail.includes(`"${id}"`));
  }
  assert.deepEqual(names(await call('remove', ['writer'])), ['Reader']);
});

test('names beyond ASCII are the same in any case', async () => {
  await world.ok('permissions.createRole', { name: 'Éditeur Größe' });
  assert.deepEqual(names(await call('set', ['éDITEUR gRÖßE'])), ['Éditeur Größe']);
});

test('adding takes a right that removing and setting do not', async () => {
  const caller = callerWith('api.*.update_key');
  const body = { keyId, roles: ['reader'] };
  assert.equal(await world.refused('keys.addRoles', body, caller), '403 insufficient_permissions');
  await world.ok('keys.removeRoles', body, caller);
  await world.ok('keys.setRoles', body, caller);
  const unknown = { keyId: 'key_unknown', roles: ['reader'] };
  assert.equal(await world.refused('keys.addRoles', unknown, callerWith()), '404 key_not_found');
});

test('of calls that set at once, one set is left', async () => {
  const made = Array.from({ length: 6 }, (_, index) => `role ${index}`);
  await Promise.all(made.map((name) => world.ok('permissions.createRole', { name })));
  await Promise.all(made.map((name) => call('set', [name])));
  const left = names(await call('add', ['reader'])).filter((name) => name !== 'Reader');
  assert.equal(left.length, 1);
});
