import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { NamespaceRecord } from '../../src/domain/records.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import { openReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaTables } from '../../src/keys/replica-tables.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { plainApi, plainIdentity, plainRecord } from '../verify/small-world.ts';

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

test('until the generation is raised a reader keeps what it knows, then it sees all', async () => {
  await apply({ kind: 'api', id: 'api_1', record: plainApi });
  assert.equal(reader.find('api', 'api_1')?.name, 'payments');
  await writer.apply([{ kind: 'api', id: 'api_1', record: { ...plainApi, name: 'renamed' } }]);
  page.raise({ touchesDocuments: false });
  assert.equal(reader.find('api', 'api_1')?.name, 'payments');
  page.raise({ touchesDocuments: true });
  assert.equal(reader.find('api', 'api_1')?.name, 'renamed');
});

test('keys and identities are never kept: any change is enough', async () => {
  const hash = Buffer.alloc(32, 1);
  await apply({ kind: 'key', hash, hashKind: 0, record: plainRecord });
  await apply({ kind: 'identity', id: 'id_1', record: plainIdentity });
  assert.equal(reader.keyByDigest(hash.toString('latin1'))?.key.isEnabled, true);
  assert.equal(reader.find('identity', 'id_1')?.externalId, 'user_1');
  const record = { ...plainRecord, isEnabled: false };
  await writer.apply([
    { kind: 'key', hash, hashKind: 0, record },
    { kind: 'identity', id: 'id_1', record: undefined },
  ]);
  page.raise({ touchesDocuments: false });
  assert.equal(reader.keyByDigest(hash.toString('latin1'))?.key.isEnabled, false);
  assert.equal(reader.find('identity', 'id_1'), undefined);
});

test('another process sees each commit as soon as the generation was raised', async () => {
  const source = (name: string) =>
    JSON.stringify(new URL(`../../src/keys/${name}`, import.meta.url));
  const program = `
    const { openGenerationPage } = await import(${source('generation-page.ts')});
    const { openReplicaReader } = await import(${source('replica-reader.ts')});
    const page = openGenerationPage(${JSON.stringify(join(folder, 'generations'))});
    const reader = openReplicaReader(${JSON.stringify(writer.path)}, page);
    for await (const _ of process.stdin) {
      const [api, key] = [reader.find('api', 'api_2'), reader.keyByDigest('\\x02'.repeat(32))];
      process.stdout.write(String(api?.name) + ' ' + String(key?.key.name));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  const asks = async () => {
    child.stdin.write('?');
    const [answer] = await once(child.stdout, 'data');
    return String(answer);
  };
  assert.equal(await asks(), 'undefined undefined');
  for (let round = 1; round <= 50; round += 1) {
    const name = `name ${round}`;
    const record = { ...plainRecord, keyId: 'key_2', name };
    await apply(
      { kind: 'api', id: 'api_2', record: { ...plainApi, apiId: 'api_2', name } },
      { kind: 'key', hash: Buffer.alloc(32, 2), hashKind: 0, record },
    );
    assert.equal(await asks(), `${name} ${name}`);
  }
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('after a switch a reader reads from the other file alone', async () => {
  const other = openReplicaWriter(join(folder, 'replica-2.mdb'));
  await other.apply([{ kind: 'api', id: 'api_9', record: { ...plainApi, apiId: 'api_9' } }]);
  const own = openReplicaReader(writer.path, page);
  await apply({ kind: 'api', id: 'api_1', record: plainApi });
  assert.ok(own.find('api', 'api_1'));
  assert.equal(own.find('api', 'api_9'), undefined);
  await own.switchTo(other.path);
  assert.equal(own.find('api', 'api_1'), undefined);
  assert.ok(own.find('api', 'api_9'));
  await own.close();
  await other.close();
});

test('a document that changes while a reader goes on to another state is not missed', async () => {
  const api = (name: string) => ({ ...plainApi, apiId: 'api_raced', name });
  await apply({ kind: 'api', id: 'api_raced', record: api('first') });
  const tables = openReplicaTables(writer.path, 'write');
  let change = () => {};
  const documents = () => {
    change();
    return page.documents();
  };
  const watched = { ...page, documents };
  const raced = openReplicaReader(writer.path, watched);
  const name = () => raced.find('api', 'api_raced')?.name;
  assert.equal(name(), 'first');
  change = () => {
    change = () => {};
    tables.documents.putSync('api:api_raced', Buffer.from(JSON.stringify(api('second'))));
    page.raise({ touchesDocuments: true });
  };
  page.raise({ touchesDocuments: false });
  name();
  assert.equal(name(), 'second');
  await raced.close();
  await tables.root.close();
});
