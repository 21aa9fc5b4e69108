import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherRights } from '../../src/verify/rights.ts';
import { known, plainIdentity, plainRecord, SmallWorld } from './small-world.ts';

test('permissions are those held directly and through roles, each once', () => {
  const world = new SmallWorld();
  world.putRole('reader', 'docs.read', 'docs.list');
  world.putRole('writer', 'docs.write', 'docs.list');
  const permissionIds = ['perm_docs.read'];
  const roleIds = ['role_reader', 'role_writer'];
  const found = gatherRights(world.lookup, { ...plainRecord, permissionIds, roleIds });
  assert.deepEqual([...found.permissions], ['docs.read', 'docs.list', 'docs.write']);
  assert.deepEqual(found.roles, ['reader', 'writer']);
});

test('a deleted role, permission or identity is simply not there', () => {
  const world = new SmallWorld();
  world.putIdentity();
  world.putRole('reader', 'docs.read', 'docs.list');
  const held = {
    ...{ permissionIds: ['perm_gone', 'perm_docs.list'], roleIds: ['role_reader', 'role_gone'] },
  };
  const key = { ...plainRecord, ...held };
  world.putKey({ ...held, identityId: 'id_1' });
  assert.equal(known(world.verdict()).identity?.externalId, plainIdentity.externalId);
  world.remove('identity', 'id_1');
  assert.equal(known(world.verdict()).identity, undefined);
  world.remove('permission', 'perm_docs.read');
  const found = gatherRights(world.lookup, key);
  assert.deepEqual([...found.permissions], ['docs.list']);
  assert.deepEqual(found.roles, ['reader']);
  world.remove('role', 'role_reader');
  assert.deepEqual(gatherRights(world.lookup, key).roles, []);
});

test('the permissions of a role that was edited count at once', () => {
  const world = new SmallWorld();
  world.putRole('reader', 'docs.read');
  world.putKey({ roleIds: ['role_reader'] });
  assert.equal(world.code({ permissions: 'docs.read' }), 'VALID');
  assert.equal(world.code({ permissions: 'docs.read AND docs.list' }), 'INSUFFICIENT_PERMISSIONS');
  world.putRole('reader', 'docs.list');
  assert.equal(world.code({ permissions: 'docs.read' }), 'INSUFFICIENT_PERMISSIONS');
  assert.equal(world.code({ permissions: 'docs.read OR docs.list' }), 'VALID');
});
