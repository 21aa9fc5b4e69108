import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { foreignKeyHash, hashKindOf } from '../../src/domain/hash-algorithms.ts';
import { withChecksum } from '../../src/domain/key-checksum.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { MigrationRecord } from '../../src/domain/records.ts';
import { SmallWorld } from './small-world.ts';

const prefixed = 'github.com/seamapi/prefixed-api-key';
const importedKey = 'my_company_BRTRKFsL_51FwqftsmMDHHbJAMEXXHCgG';

function migration(part: Partial<MigrationRecord> = {}): MigrationRecord {
  return {
    migrationId: 'mig_1',
    workspaceId: 'ws_1',
    hashKind: hashKindOf(prefixed),
    pepper: '',
    pepperMasterKey: '',
    ...part,
  };
}

/** A world with one imported key that nobody has used yet. */
function withImport(part: Partial<MigrationRecord> = {}): SmallWorld {
  const world = new SmallWorld();
  world.put('migration', 'mig_1', migration(part));
  const hash = foreignKeyHash(prefixed, importedKey, new Uint8Array()) as Buffer;
  world.putHash(hash, hashKindOf(prefixed), { migrationId: 'mig_1' });
  return world;
}

test('the first use of an imported key asks for its own hash and its start', () => {
  const world = withImport();
  const decision = world.decide({ key: importedKey, migrationId: 'mig_1' });
  assert.deepEqual(decision, {
    kind: 'first-use',
    use: {
      keyId: 'key_1',
      migrationId: 'mig_1',
      hash: keyHash(importedKey),
      start: 'my_company_BRTR',
    },
  });
});

test('an imported key that could not be stored anew is judged all the same', () => {
  const world = withImport();
  world.acceptsPending = true;
  assert.equal(world.code({ key: importedKey, migrationId: 'mig_1' }), 'VALID');
});

test('an imported key is not found without its migration, or under one that is not there', () => {
  const world = withImport();
  assert.equal(world.code({ key: importedKey }), 'NOT_FOUND');
  assert.equal(world.code({ key: importedKey, migrationId: 'mig_2' }), 'NOT_FOUND');
});

test("another workspace's migration does not exist for this caller", () => {
  const world = withImport({ workspaceId: 'ws_2' });
  assert.equal(world.code({ key: importedKey, migrationId: 'mig_1' }), 'NOT_FOUND');
});

test('a key that does not split into three parts is malformed, and nothing else is', () => {
  const world = withImport();
  for (const key of ['nothing', 'one_two']) {
    const code = world.code({ key, migrationId: 'mig_1' });
    assert.equal(code, 'unkey/authentication/malformed');
  }
  assert.equal(world.code({ key: 'one_two_three', migrationId: 'mig_1' }), 'NOT_FOUND');
});

test('a key that is pending under another migration is judged and not stored anew', () => {
  const world = withImport();
  world.put('migration', 'mig_2', migration({ migrationId: 'mig_2' }));
  assert.equal(world.code({ key: importedKey, migrationId: 'mig_2' }), 'VALID');
});

test('keys under SHA-256 of the whole key are found without the migration alone', () => {
  const world = withImport({ hashKind: 0 });
  assert.equal(world.code({ migrationId: 'mig_1' }), 'VALID');
  assert.equal(world.code({ key: importedKey, migrationId: 'mig_1' }), 'NOT_FOUND');
});

test('the long token alone is no key', () => {
  const world = withImport();
  const longToken = importedKey.slice(importedKey.lastIndexOf('_') + 1);
  assert.equal(world.code({ key: longToken }), 'NOT_FOUND');
});

test('a keyed hash is found with its secret, and not without', () => {
  const world = new SmallWorld();
  const pepper = Buffer.from('pepper');
  const hashKind = hashKindOf('hmac-sha256');
  const record = migration({ hashKind, pepper: pepper.toString('base64') });
  world.put('migration', 'mig_1', record);
  const hash = createHmac('sha256', pepper).update('old-key').digest();
  world.putHash(hash, hashKind, { migrationId: 'mig_1' });
  assert.equal(world.code({ key: 'old-key', migrationId: 'mig_1' }), 'first-use');
  world.put('migration', 'mig_1', { ...record, pepper: '' });
  assert.equal(world.code({ key: 'old-key', migrationId: 'mig_1' }), 'NOT_FOUND');
});

test('a wrong checksum is refused without a look-up, unless keys were imported', () => {
  const world = new SmallWorld();
  const good = withChecksum('X7zsfXW85rQcLwH6KrnZkh');
  const wrong = `${good.slice(0, -1)}${good.endsWith('1') ? '2' : '1'}`;
  world.putKey({}, good);
  world.putKey({}, wrong);
  assert.equal(world.code({ key: good }), 'VALID');
  assert.equal(world.code({ key: wrong }), 'NOT_FOUND');
  world.put('workspace', 'ws_1', {
    workspaceId: 'ws_1',
    isEnabled: true,
    requestsPerMinuteMax: null,
    hasImports: true,
  });
  assert.equal(world.code({ key: wrong }), 'VALID');
});
