import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { completeMigration } from '../../src/control/migrate-keys.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import {
  type ControlWorld,
  callerWith,
  openControlWorld,
  operator,
  stranger,
} from './control-world.ts';

let world: ControlWorld;
let apiId: string;
let migrationId: string;

before(async () => {
  world = await openControlWorld();
  ({ apiId } = await world.ok('apis.createApi', { name: 'payments' }));
  migrationId = await createMigration({ algorithm: 'sha256' });
});
after(() => world.close());

async function createMigration(body: object): Promise<string> {
  return (await world.ok('migrations.createMigration', body, operator)).migrationId;
}
const sha256 = (key: string) => keyHash(key).toString('base64');
const importKeys = (keys: object[], into = migrationId) =>
  world.ok('keys.migrateKeys', { apiId, migrationId: into, keys });
const refused = (body: object, caller = operator) => {
  const keys = [{ hash: sha256('never') }];
  return world.refused('keys.migrateKeys', { apiId, migrationId, keys, ...body }, caller);
};

test('a key is taken over by its hash, with everything that it refers to', async () => {
  await world.ok('permissions.createRole', { name: 'Known' });
  const { migrated, failed } = await importKeys([
    {
      hash: sha256('imported'),
      name: 'one',
      externalId: 'any text, even this!',
      meta: { a: 1 },
      roles: ['KNOWN', 'unknown'],
      permissions: ['made'],
      enabled: false,
      credits: { remaining: 3 },
      ratelimits: [{ name: 'requests', limit: 1, duration: 1000, autoApply: true }],
    },
  ]);
  assert.deepEqual(failed, []);
  const [{ keyId, hash }] = migrated;
  assert.equal(hash, sha256('imported'));
  const key = await world.ok('keys.whoami', { key: 'imported' });
  assert.equal(key.keyId, keyId);
  assert.equal(key.start, '');
  assert.equal(key.identity.externalId, 'any text, even this!');
  assert.deepEqual(key.roles, ['Known', 'unknown']);
  assert.deepEqual(key.permissions, ['made']);
  assert.deepEqual(key.credits, { remaining: 3 });
  assert.deepEqual([key.name, key.enabled, key.ratelimits.length], ['one', false, 1]);
});

test('of a hash that is given twice the last entry counts', async () => {
  const hash = sha256('twice');
  const { migrated, failed } = await importKeys([
    { hash, name: 'first' },
    { hash, name: 'last' },
  ]);
  assert.equal(migrated.length, 1);
  assert.deepEqual(failed, []);
  assert.equal((await world.ok('keys.whoami', { key: 'twice' })).name, 'last');
});

test('a hash that exists anywhere, even deleted, is reported; others are stored', async () => {
  const { keyId, key } = await world.ok('keys.createKey', { apiId });
  await world.ok('keys.deleteKey', { keyId });
  const fresh = sha256('fresh beside a known one');
  const { migrated, failed } = await importKeys([{ hash: sha256(key) }, { hash: fresh }]);
  assert.deepEqual(failed, [sha256(key)]);
  assert.deepEqual(
    migrated.map(({ hash }: { hash: string }) => hash),
    [fresh],
  );
  assert.deepEqual((await importKeys([{ hash: fresh }])).migrated, []);
});

test('unlimited credits are unlimited, and a monthly refill needs its day', async () => {
  await importKeys([{ hash: sha256('unlimited'), credits: { remaining: null } }]);
  assert.equal((await world.ok('keys.whoami', { key: 'unlimited' })).credits, undefined);
  const credits = { remaining: 1, refill: { interval: 'monthly', amount: 1 } };
  assert.equal(await refused({ keys: [{ hash: sha256('m'), credits }] }), '400 invalid_input');
});

test('the right comes before the API, and the API before the migration', async () => {
  const powerless = callerWith('api.*.read_key');
  const unknown = { apiId: 'api_unknown', migrationId: 'mig_unknown' };
  assert.equal(await refused(unknown, powerless), '403 insufficient_permissions');
  assert.equal(await refused(unknown), '404 api_not_found');
  assert.equal(await refused({ migrationId: 'mig_unknown' }), '404 migration_not_found');
  const own = await world.ok('apis.createApi', { name: 'elsewhere' }, stranger);
  assert.equal(await refused(own, stranger), '404 migration_not_found');
});

test('each algorithm takes its hashes in hex and in base64, and no others', async () => {
  const pepper = Buffer.from('a secret');
  const sha512 = createHash('sha512').update('k512').digest();
  const hmac = createHmac('sha256', pepper).update('kh').digest();
  const cases = [
    ['sha256', keyHash('hex'), 0],
    ['github.com/seamapi/prefixed-api-key', keyHash('long token'), 1],
    ['sha512', sha512, 2],
    ['hmac-sha256', hmac, 3],
  ] as const;
  for (const [algorithm, hash, kind] of cases) {
    const isKeyed = algorithm.startsWith('hmac');
    const secret = isKeyed ? { pepper: pepper.toString('base64') } : {};
    const into = await createMigration({ algorithm, ...secret });
    const { migrated } = await importKeys([{ hash: hash.toString('hex') }], into);
    const again = await importKeys([{ hash: hash.toString('base64') }], into);
    assert.deepEqual([migrated.length, again.failed.length], [1, 1], algorithm);
    const [row] = await world.database`
      select hash, hash_kind, migration_id from latchkey.keys where id = ${migrated[0].keyId}`;
    assert.deepEqual({ ...row }, { hash, hash_kind: kind, migration_id: into });
    const keys = [{ hash: sha256('fine') }, { hash: hash.toString('hex').slice(2) }];
    assert.equal(await refused({ migrationId: into, keys }), '400 invalid_input');
  }
});

test('ten imports of the same keys at once store each once', async () => {
  const keys = Array.from({ length: 50 }, (_, index) => ({
    hash: sha256(`raced ${index}`),
    externalId: `raced-${index % 3}`,
    roles: [`Raced ${index % 2}`],
    permissions: [`raced.${index % 5}`],
  }));
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      importKeys(index % 2 === 0 ? keys : keys.toReversed()),
    ),
  );
  const migrated = answers.flatMap((answer) => answer.migrated);
  assert.equal(migrated.length, 50);
  assert.equal(answers.flatMap(({ failed }) => failed).length, 450);
});

test('at its first use an imported key becomes one like any other, once', async () => {
  const into = await createMigration({ algorithm: 'github.com/seamapi/prefixed-api-key' });
  const hash = keyHash('longtoken');
  const { migrated } = await importKeys([{ hash: hash.toString('hex') }], into);
  const [{ keyId }] = migrated;
  const key = 'my_app_short_longtoken';
  const use = { keyId, migrationId: into, hash: keyHash(key), start: 'my_app_shor' };
  const listed = () => world.ok('migrations.listMigrations', { cursor: into }, operator);
  assert.equal((await listed()).rows[0].pendingKeyCount, 1);
  assert.equal(await completeMigration(world.database, use), true);
  assert.equal(await completeMigration(world.database, use), false);
  assert.equal((await world.ok('keys.whoami', { key })).start, 'my_app_shor');
  assert.equal((await listed()).rows[0].pendingKeyCount, 0);
});
