import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyDigest, keyHash } from '../../src/domain/key-hash.ts';
import type { RootKeyRecord } from '../../src/domain/records.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { openReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { plainApi, plainRecord } from '../verify/small-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-writer-'));
const page = openGenerationPage(join(folder, 'generations'));
let writer = openReplicaWriter(join(folder, 'replica-1.mdb'));
const reader = openReplicaReader(writer.path, page);

after(async () => {
  await reader.close();
  await writer.close();
  page.close();
  rmSync(folder, { recursive: true });
});

const hashOf = (byte: number) => Buffer.alloc(32, byte);
const watermark = {
  ...{ format: 1, instanceId: 'instance', systemIdentifier: '7', timeline: 1, snapshot: '5:5:' },
};

function key(id: string, byte: number, hashKind = 0): ReplicaChange {
  const record = { ...plainRecord, keyId: id };
  return { kind: 'key', hash: hashOf(byte), hashKind, record };
}

function gone(byte: number, hashKind = 0): ReplicaChange {
  return { kind: 'key', hash: hashOf(byte), hashKind, record: undefined };
}

function rootKey(id: string, token: string, part: Partial<RootKeyRecord> = {}): ReplicaChange {
  const record = {
    ...{ rootKeyId: id, workspaceId: 'ws_1', isEnabled: true, expiresAtMs: 0, permissions: [] },
    ...part,
  };
  return { kind: 'rootKey', id, hash: keyHash(token), record };
}

async function apply(...changes: ReplicaChange[]): Promise<void> {
  await writer.apply(changes);
  page.raise({ touchesDocuments: true });
}

const idAt = (byte: number, kind = 0) =>
  reader.keyByDigest(hashOf(byte).toString('latin1'), kind)?.key.keyId;

test('a key is found by its hash, by no other, and by no hash of another kind', async () => {
  await apply(key('key_1', 1), key('key_2', 2, 3));
  assert.deepEqual(
    [idAt(1), idAt(2, 3), idAt(2), idAt(1, 3), idAt(9)],
    [...['key_1', 'key_2', undefined, undefined, undefined]],
  );
  assert.equal(writer.keyCount(), 2);
});

test('a key that has moved to another hash, or kind of hash, leaves the old one', async () => {
  await apply(key('key_1', 11), gone(1), key('key_2', 2), gone(2, 3));
  assert.deepEqual(
    [idAt(1), idAt(11), idAt(2, 3), idAt(2)],
    [...[undefined, 'key_1', undefined, 'key_2']],
  );
  assert.equal(writer.keyCount(), 2);
});

test('applying the same changes again changes nothing', async () => {
  for (let round = 0; round < 3; round += 1) {
    await apply(key('key_1', 11), gone(2), key('key_3', 3));
    assert.deepEqual([idAt(11), idAt(2), idAt(3)], ['key_1', undefined, 'key_3']);
    assert.equal(writer.keyCount(), 2);
  }
});

test('a root key is found by its text with what it may do, and not once it is gone', async () => {
  await apply(rootKey('root_1', 'unkey_one', { permissions: ['unkey:v1:ws_1:**#*'] }));
  for (let round = 0; round < 2; round += 1) {
    assert.equal(reader.rootKeyByToken('unkey_one')?.grants.isFullAdmin, true);
    assert.equal(reader.rootKeyByToken('unkey_two'), undefined);
  }
  assert.equal(reader.keyByDigest(keyDigest('unkey_one')), undefined);
  await apply(rootKey('root_1', 'unkey_one', { isEnabled: false }));
  assert.equal(reader.rootKeyByToken('unkey_one')?.isEnabled, false);
  await apply({ kind: 'rootKey', id: 'root_1', record: undefined });
  assert.equal(reader.rootKeyByToken('unkey_one'), undefined);
});

test('a document is as it was written last, and gone when it was removed', async () => {
  await apply({ kind: 'api', id: 'api_1', record: plainApi });
  assert.deepEqual(reader.find('api', 'api_1'), plainApi);
  await apply({ kind: 'api', id: 'api_1', record: { ...plainApi, name: 'renamed' } });
  assert.equal(reader.find('api', 'api_1')?.name, 'renamed');
  assert.equal(reader.find('role', 'api_1'), undefined);
  await apply({ kind: 'api', id: 'api_1', record: undefined });
  assert.equal(reader.find('api', 'api_1'), undefined);
});

test('the watermark moves with the changes, or not at all if one cannot be made', async () => {
  await writer.apply([key('key_4', 4)], watermark);
  assert.deepEqual(writer.watermark(), watermark);
  const broken = { ...key('key_5', 5), record: { ...plainRecord, limits: [null] } };
  const next = { ...watermark, snapshot: '9:9:' };
  await assert.rejects(writer.apply([broken as never, key('key_6', 6)], next), TypeError);
  assert.deepEqual(writer.watermark(), watermark);
  await writer.apply([key('key_5', 5), key('key_6', 6)], next);
  assert.deepEqual(writer.watermark(), next);
  page.raise({ touchesDocuments: true });
  assert.deepEqual([idAt(4), idAt(5), idAt(6)], ['key_4', 'key_5', 'key_6']);
});

test('what came without a watermark leaves it, and all is there after the next start', async () => {
  await writer.apply([key('key_7', 7)]);
  await writer.close();
  writer = openReplicaWriter(writer.path);
  assert.equal(writer.watermark()?.snapshot, '9:9:');
  page.raise({ touchesDocuments: true });
  assert.equal(idAt(7), 'key_7');
});
