import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld } from './control-world.ts';

let world: ControlWorld;
let keyId: string;

before(async () => {
  world = await openControlWorld();
  const { apiId } = await world.ok('apis.createApi', { name: 'payments' });
  ({ keyId } = await world.ok('keys.createKey', { apiId }));
});
after(() => world.close());

type Permission = { id: string; name: string; slug: string };
const slugs = (rows: Permission[]) => rows.map(({ slug }) => slug);
const call = (name: string, permissions: string[]) =>
  world.ok(`keys.${name}Permissions`, { keyId, permissions });

test('adding makes what is missing, and says it of nothing that was there', async () => {
  await world.ok('permissions.createPermission', { name: 'Named', slug: 'Docs.Read' });
  const rows = await call('add', ['docs.read', 'docs.write', 'DOCS.WRITE']);
  assert.deepEqual(slugs(rows), ['Docs.Read', 'docs.write']);
  assert.equal(rows[0].name, 'Named');
  assert.equal(rows[1].name, 'docs.write');
  assert.deepEqual(
    (await world.eventsOf()).map(({ action }) => action),
    ['permission.create', 'authorization.connect_permission_and_key'],
  );
  assert.deepEqual(slugs(await call('add', ['DOCS.READ'])), ['Docs.Read', 'docs.write']);
  assert.deepEqual(await world.eventsOf(), []);
});

test('setting replaces, and nothing clears', async () => {
  await call('set', ['a', 'b']);
  assert.deepEqual(slugs(await call('set', ['B', 'c'])), ['b', 'c']);
  assert.deepEqual(
    (await world.eventsOf()).map(({ action }) => action),
    [
      'permission.create',
      'authorization.disconnect_permission_and_key',
      'authorization.connect_permission_and_key',
    ],
  );
  assert.deepEqual(await call('set', []), []);
});

test('removing needs permissions that exist, but not that the key has them', async () => {
  await call('set', ['a', 'b']);
  await world.ok('permissions.createPermission', { name: 'x', slug: 'not.held' });
  assert.deepEqual(slugs(await call('remove', ['A', 'not.held'])), ['b']);
  const body = { keyId, permissions: ['b', 'never.made'] };
  const answer = await world.call('keys.removePermissions', body);
  assert.match('detail' in answer ? answer.detail : '', /never\.made/);
  assert.equal(answer.status, 404);
  assert.deepEqual(slugs(await call('add', ['b'])), ['b']);
});

test('an id in place of a slug is a slug', async () => {
  const [{ id }] = await call('set', ['a']);
  assert.deepEqual(slugs(await call('add', [id])).sort(), ['a', id].sort());
  const body = { keyId, permissions: ['perm_unknown'] };
  assert.equal(await world.refused('keys.removePermissions', body), '404 permission_not_found');
});

test('making a permission takes a right that adding one does not', async () => {
  const caller = callerWith('api.*.update_key', 'rbac.*.add_permission_to_key');
  const body = { keyId, permissions: ['a'] };
  await world.ok('keys.addPermissions', body, caller);
  const missing = { keyId, permissions: ['a', 'not.yet'] };
  assert.equal(
    await world.refused('keys.addPermissions', missing, caller),
    '403 insufficient_permissions',
  );
  assert.equal(
    await world.refused('permissions.getPermission', { permission: 'not.yet' }),
    '404 permission_not_found',
  );
});

test('of calls that set at once, one set is left', async () => {
  const sets = Array.from({ length: 10 }, (_, index) => [`s.${index}`, `t.${index}`]);
  await Promise.all(sets.map((permissions) => call('set', permissions)));
  const left = slugs(await call('add', ['u'])).filter((slug) => slug !== 'u');
  assert.ok(
    sets.some((set) => String(set) === String(left)),
    String(left),
  );
});

test('ten calls at once that add the same new permission make it once', async () => {
  await Promise.all(Array.from({ length: 10 }, () => call('add', ['raced', 'Raced.Too'])));
  const [stored] = await world.database`
    select count(*)::int from latchkey.permissions where slug ilike 'raced%'`;
  assert.equal(stored?.count, 2);
});
