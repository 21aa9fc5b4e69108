import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createNamespaces, findNamespace } from '../../src/control/ratelimit-namespaces.ts';
import { callerWith, openRatelimitWorld, type RatelimitWorld } from './ratelimit-world.ts';

let world: RatelimitWorld;
before(async () => {
  world = await openRatelimitWorld();
});
after(() => world.close());

async function create(...names: string[]): Promise<{ name: string; namespaceId: string }[]> {
  const result = await world.call(createNamespaces, { names });
  assert.ok(typeof result === 'object');
  return result.namespaces;
}

test('concurrent creators of the same names, in any order, end with one of each', async () => {
  const calls = Array.from({ length: 20 }, (_, number) =>
    number % 2 === 0 ? create('many a', 'many b') : create('many b', 'many a'),
  );
  const ids = new Set((await Promise.all(calls)).flat().map((made) => made.namespaceId));
  assert.equal(ids.size, 2);
  const events = await world.database`
    select id from latchkey.audit_events where action = 'ratelimitNamespace.create'`;
  assert.equal(events.length, 2);
});

test('a name is kept as it is: case, spaces, control characters, 512 of the widest', async () => {
  const names = ['x', 'X', ' x', 'x ', 'x/\u0001\t', '😀'.repeat(512)];
  const made = await create(...names);
  assert.equal(new Set(made.map(({ namespaceId }) => namespaceId)).size, names.length);
  for (const name of names) {
    assert.equal((await findNamespace(world.database, callerWith(), name)).name, name);
  }
});

test('one that was deleted is found as deleted and not made again', async () => {
  await world.addNamespace('rlns_gone', 'gone', { deleted_at_ms: 5 });
  const result = await world.call(createNamespaces, { names: ['gone'] });
  assert.ok(typeof result === 'object');
  assert.deepEqual(
    result.namespaces.map(({ namespaceId, isDeleted }) => ({ namespaceId, isDeleted })),
    [{ namespaceId: 'rlns_gone', isDeleted: true }],
  );
});

test('another workspace has its own namespaces of the same names', async () => {
  await world.addNamespace('rlns_foreign', 'shared name', { workspace_id: 'ws_2' });
  const [made] = await create('shared name');
  assert.notEqual(made?.namespaceId, 'rlns_foreign');
});

test('nobody makes one without the right to', async () => {
  const caller = callerWith('ratelimit.*.limit');
  const answer = await world.call(createNamespaces, { names: ['forbidden'] }, caller);
  assert.equal(answer, 'unkey/authorization/insufficient_permissions');
});
