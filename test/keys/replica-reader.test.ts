import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { NamespaceRecord } from '../../src/domain/records.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import { openReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-reader-'));
const page = openGenerationPage(join(folder, 'generations'));
const writer = openReplicaWriter(join(folder, 'replica-1.mdb'));
await writer.apply([]);
const reader = openReplicaReader(writer.path, page);

after(async () => {
  await reader.close();
  await writer.close();
  page.close();
  rmSync(folder, { recursive: true });
});

function namespace(id: string, name: string, more: Partial<NamespaceRecord> = {}) {
  const record = { namespaceId: id, workspaceId: 'ws_1', name, isDeleted: false, overrides: [] };
  return { kind: 'namespace', id, record: { ...record, ...more } } as const;
}

async function apply(...changes: Parameters<typeof writer.apply>[0]): Promise<void> {
  await writer.apply(changes);
  page.raise({ touchesDocuments: true });
}

const idOf = (nameOrId: string, workspaceId = 'ws_1') =>
  reader.namespace(workspaceId, nameOrId)?.namespaceId;

test('a namespace is found by its name and by its id, in its own workspace only', async () => {
  await apply(
    namespace('rlns_a', 'email'),
    namespace('rlns_b', 'email', { workspaceId: 'ws_2' }),
    namespace('rlns_c', ' /ü\u0001😀 '.repeat(60)),
  );
  assert.equal(idOf('email'), 'rlns_a');
  assert.equal(idOf('rlns_a'), 'rlns_a');
  assert.equal(idOf('email', 'ws_2'), 'rlns_b');
  assert.equal(idOf('rlns_b'), undefined);
  assert.equal(idOf('Email'), undefined);
  assert.equal(idOf(' /ü\u0001😀 '.repeat(60)), 'rlns_c');
  assert.equal(idOf('😀'.repeat(512)), undefined);
});

test('an id comes before a name that reads like it', async () => {
  await apply(namespace('rlns_d', 'rlns_a'), namespace('rlns_e', 'rlns_b'));
  assert.equal(idOf('rlns_a'), 'rlns_a');
  assert.equal(idOf('rlns_b'), 'rlns_e');
});

test('what has changed is seen by the next look-up, another name too', async () => {
  assert.equal(reader.namespace('ws_1', 'email')?.overrides.find('user_1'), undefined);
  const override = { overrideId: 'rlor_1', identifier: 'user_*', limit: 5, durationMs: 1000 };
  await apply(namespace('rlns_a', 'email', { overrides: [override] }));
  assert.deepEqual(reader.namespace('ws_1', 'email')?.overrides.find('user_1'), override);

  await apply(namespace('rlns_a', 'email', { isDeleted: true }));
  assert.equal(reader.namespace('ws_1', 'email')?.isDeleted, true);

  await apply(namespace('rlns_a', 'post'), namespace('rlns_f', 'email'));
  assert.equal(idOf('email'), 'rlns_f');
  assert.equal(idOf('post'), 'rlns_a');

  await apply(
    namespace('rlns_g', 'post'),
    { kind: 'namespace', id: 'rlns_a', record: undefined },
    { kind: 'namespace', id: 'rlns_f', record: undefined },
  );
  assert.equal(idOf('post'), 'rlns_g');
  assert.equal(idOf('email'), undefined);
});
