import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rewrapSecrets } from '../../src/control/encrypted-keys.ts';
import {
  type ControlWorld,
  masterKey,
  openControlWorld,
  operator,
  vaultOf,
} from './control-world.ts';

let world: ControlWorld;
let keyId: string;
let key: string;

before(async () => {
  world = await openControlWorld();
  const { apiId } = await world.ok('apis.createApi', { name: 'recoverable' });
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  ({ keyId, key } = await world.ok('keys.createKey', { apiId, recoverable: true }));
});
after(() => world.close());

const newer = Buffer.alloc(32, 9).toString('base64');
const decrypted = async () => (await world.ok('keys.getKey', { keyId, decrypt: true })).plaintext;

test('neither the key nor the data key is in the database in clear', async () => {
  const [row] = await world.database`
    select e.ciphertext, d.wrapped from latchkey.encrypted_keys e
    join latchkey.data_keys d on d.id = e.data_key_id where e.key_id = ${keyId}`;
  assert.ok(!row?.ciphertext.includes(key));
  assert.equal(row?.wrapped.length, 1 + 12 + 32 + 16);
});

test('a ciphertext that was moved to another key does not open', async () => {
  const { apiId } = await world.ok('apis.createApi', { name: 'other' });
  const other = await world.ok('keys.createKey', { apiId });
  await world.ok('apis.updateApi', { apiId, recoverableKeys: true }, operator);
  await world.database`
    insert into latchkey.encrypted_keys
    select ${other.keyId}, data_key_id, ciphertext from latchkey.encrypted_keys
    where key_id = ${keyId}`;
  const shown = await world.ok('keys.getKey', { keyId: other.keyId, decrypt: true });
  assert.equal(shown.plaintext, undefined);
});

test('under another master key nothing opens and nothing is lost', async () => {
  world.context.vault = vaultOf(newer);
  assert.equal(await decrypted(), undefined);
  assert.deepEqual(await rewrapSecrets(world.database, world.context.vault), {
    rewrappedCount: 0,
    lostCount: 1,
  });
  world.context.vault = vaultOf(masterKey);
  assert.equal(await decrypted(), key);
});

test('a master key is replaced in three steps, and everything opens in each of them', async () => {
  const pepper = Buffer.from('pepper').toString('base64');
  const migration = { algorithm: 'hmac-sha256', pepper };
  await world.ok('migrations.createMigration', migration, operator);
  const both = vaultOf(`${newer}\n${masterKey}`);
  world.context.vault = both;
  assert.equal(await decrypted(), key);
  assert.deepEqual(await rewrapSecrets(world.database, both), { rewrappedCount: 2, lostCount: 0 });
  assert.deepEqual(await rewrapSecrets(world.database, both), { rewrappedCount: 0, lostCount: 0 });
  world.context.vault = vaultOf(newer);
  assert.equal(await decrypted(), key);
});
