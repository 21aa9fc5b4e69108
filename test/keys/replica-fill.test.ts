import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { openReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { plainApi, plainIdentity, plainRecord } from '../verify/small-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-fill-'));
after(() => rmSync(folder, { recursive: true }));

const watermark = {
  ...{ format: 1, instanceId: 'instance', systemIdentifier: '7', timeline: 1, snapshot: '5:5:' },
};
const keyCount = 20_000;
const hashOf = (index: number) => createHash('sha256').update(`${index}`).digest();

function keysBetween(first: number, end: number): ReplicaChange[] {
  return Array.from({ length: end - first }, (_, index) => {
    const record = { ...plainRecord, keyId: `key_${first + index}` };
    return { kind: 'key', hash: hashOf(first + index), hashKind: 0, record };
  });
}

function identities(count: number): ReplicaChange[] {
  return Array.from({ length: count }, (_, index) => {
    const identityId = `id_${String(index).padStart(6, '0')}`;
    return { kind: 'identity', id: identityId, record: { ...plainIdentity, identityId } };
  });
}

test('a filled replica holds everything, is dense, and takes changes like any other', async () => {
  const writer = openReplicaWriter(join(folder, 'replica-1.mdb'));
  const fill = writer.fill();
  fill.add(identities(2000));
  fill.add([{ kind: 'api', id: 'api_1', record: plainApi }]);
  for (let first = 0; first < keyCount; first += 1000) fill.add(keysBetween(first, first + 1000));
  assert.equal(writer.watermark(), undefined);
  await fill.finish(watermark);
  fill.close();
  assert.deepEqual(writer.watermark(), watermark);
  assert.equal(writer.keyCount(), keyCount);
  assert.ok(statSync(writer.path).size / keyCount < 300);

  const page = openGenerationPage(join(folder, 'generations'));
  const reader = openReplicaReader(writer.path, page);
  const idAt = (index: number) =>
    reader.keyByDigest(hashOf(index).toString('latin1'), 0)?.key.keyId;
  for (let index = 0; index < keyCount; index += 1) {
    assert.equal(idAt(index), `key_${index}`);
  }
  assert.equal(reader.find('identity', 'id_001999')?.identityId, 'id_001999');
  assert.equal(reader.find('api', 'api_1')?.name, plainApi.name);
  const removal = { kind: 'key', hash: hashOf(7), hashKind: 0, record: undefined } as const;
  await writer.apply([...keysBetween(keyCount, keyCount + 100), removal], watermark);
  page.raise({ touchesDocuments: true });
  assert.equal(idAt(7), undefined);
  assert.equal(idAt(keyCount + 99), `key_${keyCount + 99}`);
  await reader.close();
  page.close();
  await writer.close();
});

test('a replica whose filling was given up is known to be unfinished', async () => {
  const writer = openReplicaWriter(join(folder, 'replica-2.mdb'));
  const fill = writer.fill();
  fill.add([...identities(10), ...keysBetween(0, 10)]);
  fill.close();
  assert.equal(writer.watermark(), undefined);
  await writer.close();
});
