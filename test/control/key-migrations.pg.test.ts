import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlWorld, openControlWorld, operator } from './control-world.ts';

let world: ControlWorld;

before(async () => {
  world = await openControlWorld();
});
after(() => world.close());

const create = (body: object) => world.ok('migrations.createMigration', body, operator);
const refused = (body: object) => world.refused('migrations.createMigration', body, operator);

test('a migration is listed with its algorithm, without its pepper', async () => {
  const pepper = Buffer.from('the pepper').toString('base64');
  const { migrationId } = await create({
    name: 'from elsewhere',
    algorithm: 'hmac-sha512',
    pepper,
  });
  assert.match(migrationId, /^mig_/);
  const { rows } = await world.ok('migrations.listMigrations', {}, operator);
  assert.deepEqual(rows, [
    {
      id: migrationId,
      name: 'from elsewhere',
      algorithm: 'hmac-sha512',
      pendingKeyCount: 0,
      createdAt: world.context.nowMs,
    },
  ]);
  const [row] = await world.database`
    select pepper, pepper_master_key from latchkey.key_migrations`;
  assert.ok(!row?.pepper.includes('the pepper'));
  const wrapped = { wrapped: row?.pepper, masterKey: row?.pepper_master_key };
  const opened = world.context.vault?.unwrap(wrapped, `ws_1/${migrationId}`);
  assert.equal(opened?.toString(), 'the pepper');
});

test('a keyed hash needs a pepper and a master key to keep it; others must have none', async () => {
  assert.equal(await refused({ algorithm: 'hmac-sha256' }), '400 invalid_input');
  assert.equal(await refused({ algorithm: 'hmac-sha256', pepper: '?' }), '400 invalid_input');
  assert.equal(await refused({ algorithm: 'sha256', pepper: 'AAAA' }), '400 invalid_input');
  const { vault } = world.context;
  world.context.vault = undefined;
  const keyed = { algorithm: 'hmac-sha256', pepper: 'AAAA' };
  assert.equal(await refused(keyed), '412 precondition_failed');
  await create({ algorithm: 'sha256' });
  world.context.vault = vault;
});

test('a migration belongs to a workspace that exists', async () => {
  const body = { algorithm: 'sha256', workspaceId: 'ws_unknown' };
  assert.equal(await refused(body), '404 workspace_not_found');
});
