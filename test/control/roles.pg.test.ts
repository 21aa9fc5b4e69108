import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, callerWith, openControlWorld, stranger } from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

type Permission = { id: string; slug: string };
const slugs = (rows: Permission[]) => rows.map(({ slug }) => slug);
const create = (name: string, body: object = {}) =>
  world.ok('permissions.createRole', { name, ...body });
const get = (role: string) => world.ok('permissions.getRole', { role });

test('a role is found by its id and by its name, with its permissions by slug', async () => {
  const { roleId } = await create('Büro: Leitung', {
    description: 'leads',
    permissions: ['z', 'a', 'Z'],
  });
  const shown = await get('BÜRO: leitung');
  assert.deepEqual(await get(roleId), shown);
  assert.deepEqual(
    { ...shown, permissions: slugs(shown.permissions) },
    { id: roleId, name: 'Büro: Leitung', description: 'leads', permissions: ['a', 'z'] },
  );
  await create('plain');
  assert.deepEqual(Object.keys(await get('plain')), ['id', 'name']);
});

test('a name that differs only in case is a conflict, and nothing is made', async () => {
  await create('Conflict');
  const body = { name: 'CONFLICT', permissions: ['conflict.made'] };
  assert.equal(await world.refused('permissions.createRole', body), '409 role_already_exists');
  assert.equal(
    await world.refused('permissions.getPermission', { permission: 'conflict.made' }),
    '404 permission_not_found',
  );
});

test('each thing that creating a role does takes its own right', async () => {
  const creator = callerWith('rbac.*.create_role');
  const adder = callerWith('rbac.*.create_role', 'rbac.*.add_permission_to_role');
  const forbidden = '403 insufficient_permissions';
  const body = (name: string, ...permissions: string[]) => ({ name, permissions });
  const refused = (request: object, caller = creator) =>
    world.refused('permissions.createRole', request, caller);
  await world.ok('permissions.createPermission', { name: 'p', slug: 'there' });
  await world.ok('permissions.createRole', body('without'), creator);
  assert.equal(await refused(body('with', 'there')), forbidden);
  await world.ok('permissions.createRole', body('with', 'THERE'), adder);
  assert.equal(await refused(body('making', 'not.there'), adder), forbidden);
  assert.equal(
    await world.refused('permissions.getRole', { role: 'making' }),
    '404 role_not_found',
  );
});

test('of ten calls at once that create the same role, one succeeds', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      world.call('permissions.createRole', {
        name: index % 2 === 0 ? 'raced' : 'RACED',
        permissions: ['raced.a', 'raced.b'],
      }),
    ),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 409)]);
  assert.deepEqual(slugs((await get('raced')).permissions), ['raced.a', 'raced.b']);
});

test('what is unknown, foreign or deleted is not found, after the right was asked', async () => {
  const { roleId } = await create('mine');
  for (const name of ['permissions.getRole', 'permissions.deleteRole']) {
    const refused = (role: string, caller = stranger) => world.refused(name, { role }, caller);
    assert.equal(await refused('unknown'), '404 role_not_found');
    assert.equal(await refused(roleId), '404 role_not_found');
    assert.equal(await refused('unknown', callerWith()), '403 insufficient_permissions');
  }
  assert.deepEqual(await world.ok('permissions.deleteRole', { role: 'MINE' }), {});
  assert.equal(
    await world.refused('permissions.deleteRole', { role: roleId }),
    '404 role_not_found',
  );
  await create('mine');
});

test('the permissions of a role are replaced by its id; a repeat changes nothing', async () => {
  const { roleId } = await create('set', { permissions: ['One', 'two'] });
  const set = (...permissions: string[]) =>
    world.ok('permissions.setRolePermissions', { roleId, permissions });
  assert.deepEqual(slugs(await set('three', 'ONE')), ['One', 'three']);
  assert.deepEqual(
    (await world.eventsOf()).map(({ action }) => action),
    [
      'permission.create',
      'authorization.disconnect_role_and_permissions',
      'authorization.connect_role_and_permission',
    ],
  );
  await set('one', 'three');
  assert.deepEqual(await world.eventsOf(), []);
  assert.deepEqual(await set(), []);
  for (const unknown of ['set', 'role_unknown']) {
    const body = { roleId: unknown, permissions: [] };
    assert.equal(await world.refused('permissions.setRolePermissions', body), '404 role_not_found');
  }
});

test('setting takes the right to make what is missing, asked for after the role', async () => {
  const { roleId } = await create('rights');
  const caller = callerWith('rbac.*.add_permission_to_role', 'rbac.*.remove_permission_from_role');
  const refused = (id: string) =>
    world.refused(
      'permissions.setRolePermissions',
      { roleId: id, permissions: ['never.made'] },
      caller,
    );
  assert.equal(await refused('role_unknown'), '404 role_not_found');
  assert.equal(await refused(roleId), '403 insufficient_permissions');
});

test('of calls that set at once, one set is left', async () => {
  const { roleId } = await create('raced sets');
  const sets = Array.from({ length: 10 }, (_, index) => [`rs.${index}`, `rt.${index}`]);
  await Promise.all(
    sets.map((permissions) => world.ok('permissions.setRolePermissions', { roleId, permissions })),
  );
  const left = slugs((await get(roleId)).permissions);
  assert.ok(
    sets.some((set) => String(set) === String(left)),
    String(left),
  );
});

test('roles are listed by id with their permissions', async () => {
  const { rows } = await world.ok('permissions.listRoles', {});
  const ids = rows.map(({ id }: { id: string }) => id);
  assert.deepEqual(ids, ids.toSorted());
  const found = await world.ok('permissions.listRoles', { search: 'büro' });
  assert.deepEqual(slugs(found.rows[0].permissions), ['a', 'z']);
});
