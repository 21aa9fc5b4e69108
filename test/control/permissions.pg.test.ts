import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld, stranger } from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const create = (slug: string, body: object = {}) =>
  world.ok('permissions.createPermission', { name: `Name of ${slug}`, slug, ...body });
const get = (permission: string) => world.ok('permissions.getPermission', { permission });

test('a permission is found by its id and by its slug, whatever the case of the slug', async () => {
  const { permissionId } = await create('Docs.Read', { description: 'Reading' });
  const shown = {
    id: permissionId,
    name: 'Name of Docs.Read',
    slug: 'Docs.Read',
    description: 'Reading',
  };
  assert.deepEqual(await get('DOCS.read'), shown);
  assert.deepEqual(await get(permissionId), shown);
  await create('plain');
  assert.deepEqual(Object.keys(await get('plain')), ['id', 'name', 'slug']);
});

test('what is unknown, foreign or deleted is not found, after the right was asked', async () => {
  const { permissionId } = await create('mine');
  for (const name of ['permissions.getPermission', 'permissions.deletePermission']) {
    const refused = (permission: string, caller = stranger) =>
      world.refused(name, { permission }, caller);
    assert.equal(await refused('unknown'), '404 permission_not_found');
    assert.equal(await refused(permissionId), '404 permission_not_found');
    assert.equal(await refused('unknown', callerWith()), '403 insufficient_permissions');
  }
  assert.deepEqual(await world.ok('permissions.deletePermission', { permission: 'MINE' }), {});
  assert.equal(
    await world.refused('permissions.deletePermission', { permission: permissionId }),
    '404 permission_not_found',
  );
  await create('mine');
});

test('a slug that differs only in case is a conflict', async () => {
  await create('conflict');
  const body = { name: 'x', slug: 'CONFLICT' };
  assert.equal(
    await world.refused('permissions.createPermission', body),
    '409 permission_already_exists',
  );
  await world.ok('permissions.createPermission', body, stranger);
});

test('of ten calls at once that create the same permission, one succeeds', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      world.call('permissions.createPermission', {
        name: 'raced',
        slug: index % 2 === 0 ? 'raced' : 'RACED',
      }),
    ),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 409)]);
});

test('a deleted permission disappears from keys and roles', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'payments' });
  await world.ok('permissions.createRole', { name: 'holder', permissions: ['held', 'stays'] });
  const { keyId } = await world.ok('keys.createKey', {
    apiId,
    roles: ['holder'],
    permissions: ['held'],
  });
  await world.ok('permissions.deletePermission', { permission: 'held' });
  assert.deepEqual((await world.ok('keys.getKey', { keyId })).permissions, ['stays']);
  const role = await world.ok('permissions.getRole', { role: 'holder' });
  assert.deepEqual(
    role.permissions.map(({ slug }: { slug: string }) => slug),
    ['stays'],
  );
  await create('held');
  assert.deepEqual((await world.ok('keys.getKey', { keyId })).permissions, ['stays']);
});

test('permissions are listed in pages and searched in all their words', async () => {
  await create('search.one', { description: 'holds the NEEDLE' });
  await create('search.two', { name: 'A needle' });
  await create('needle.three');
  const { rows } = await world.ok('permissions.listPermissions', { search: 'Needle' });
  const slugs = rows.map(({ slug }: { slug: string }) => slug).sort();
  assert.deepEqual(slugs, ['needle.three', 'search.one', 'search.two']);
  const page = await world.ok('permissions.listPermissions', { search: 'needle', limit: 2 });
  assert.equal(page.nextCursor, rows[2].id);
  const body = { search: 'needle', cursor: page.nextCursor };
  assert.deepEqual((await world.ok('permissions.listPermissions', body)).rows, rows.slice(2));
});
