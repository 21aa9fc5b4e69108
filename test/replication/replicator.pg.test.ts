import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/control/migrate.ts';
import { prepareFirstStart } from '../../src/control/root-keys.ts';
import { keyDigest, keyHash } from '../../src/domain/key-hash.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import { nextReplica, switchReplica } from '../../src/keys/replica-files.ts';
import { openReplicaReader, type ReplicaReader } from '../../src/keys/replica-reader.ts';
import { openReplicaWriter, type ReplicaWriter } from '../../src/keys/replica-writer.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { pruneChanges } from '../../src/replication/change-feed.ts';
import { Replicator } from '../../src/replication/replicator.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-replicator-'));
const page = openGenerationPage(join(folder, 'generations'));
let server: TestDatabase;
let database: Database;
let workspaceId: string;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 4, applicationName: 'test' });
  await migrate(database);
  ({ workspaceId } = await prepareFirstStart(database, { chosenKey: '', nowMs: 1 }));
  await database`
    insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
    values ('api_1', ${workspaceId}, 'ks_1', 'payments', 1)`;
});

after(async () => {
  await database.end();
  await server.close();
  page.close();
  rmSync(folder, { recursive: true });
});

type Node = { replicator: Replicator; reader: ReplicaReader; stop(): Promise<void> };

/** A replicator with a reader beside it, as a primary and a worker share them. */
async function startNode(
  name: string,
  previousPath?: string,
  change: (writer: ReplicaWriter) => ReplicaWriter = (writer) => writer,
): Promise<Node & { path: string }> {
  const replicas = join(folder, name);
  let reader: ReplicaReader | undefined;
  let path = previousPath ?? '';
  const own = openDatabase(server.url, { connectionsMax: 3, applicationName: name });
  const replicator = new Replicator({
    prepared: Promise.resolve(),
    database: own,
    page,
    current: previousPath ? openReplicaWriter(previousPath) : undefined,
    openFresh: () => change(openReplicaWriter(nextReplica(replicas))),
    async switchTo(writer) {
      switchReplica(replicas, writer.path);
      path = writer.path;
      await reader?.switchTo(writer.path);
    },
    logger: silentLogger,
    clock: Date.now,
  });
  await replicator.awaitApplied();
  reader = openReplicaReader(path, page);
  const opened = reader;
  return {
    replicator,
    reader: opened,
    path,
    async stop() {
      await replicator.stop();
      await opened.close();
      await own.end();
    },
  };
}

async function insertKey(id: string, key: string): Promise<void> {
  await database`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
    values (${id}, ${workspaceId}, 'api_1', ${keyHash(key)}, '', 1)`;
}

test('the first copy holds what was there, and a later change comes when waited for', async () => {
  await insertKey('key_before', 'before');
  const node = await startNode('first');
  assert.equal(node.reader.keyByDigest(keyDigest('before'))?.key.keyId, 'key_before');
  assert.equal(node.reader.find('api', 'api_1')?.name, 'payments');

  await insertKey('key_after', 'after');
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('after'))?.key.isEnabled, true);

  await database`update latchkey.keys set enabled = false where id = 'key_after'`;
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('after'))?.key.isEnabled, false);

  await database`delete from latchkey.keys where id = 'key_after'`;
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('after')), undefined);
  assert.equal(node.replicator.status().fullCopyCount, 1);
  await node.stop();
});

test('a copy that fails leaves nothing behind, and the next try begins anew', async () => {
  let failedCount = 0;
  const node = await startNode('failing', undefined, (writer) => {
    if (failedCount === 2) return writer;
    failedCount += 1;
    return {
      ...writer,
      fill() {
        throw new Error('the disk is full');
      },
    };
  });
  assert.equal(failedCount, 2);
  assert.deepEqual(readdirSync(join(folder, 'failing')).sort(), [
    'CURRENT',
    'replica-1.mdb',
    'replica-1.mdb-lock',
  ]);
  assert.equal(node.reader.find('api', 'api_1')?.name, 'payments');
  await node.stop();
});

test('a change is followed without anybody waiting for it', async () => {
  const node = await startNode('notified');
  await insertKey('key_notified', 'notified');
  await waitFor(
    'the key arrives',
    () => node.reader.keyByDigest(keyDigest('notified')) !== undefined,
  );
  await node.stop();
});

test('a transaction that commits after later ones is not missed', async () => {
  const node = await startNode('late');
  const connection = await database.reserve();
  await connection`begin`;
  await connection`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
    values ('key_slow', ${workspaceId}, 'api_1', ${keyHash('slow')}, '', 1)`;
  await insertKey('key_fast', 'fast');
  await node.replicator.awaitApplied();
  assert.ok(node.reader.keyByDigest(keyDigest('fast')));
  assert.equal(node.reader.keyByDigest(keyDigest('slow')), undefined);
  await connection`commit`;
  connection.release();
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('slow'))?.key.keyId, 'key_slow');
  await node.stop();
});

test('a key whose hash changes no longer answers to the old one', async () => {
  const node = await startNode('rehash');
  await insertKey('key_rehash', 'old hash');
  await node.replicator.awaitApplied();
  await database`
    update latchkey.keys set hash = ${keyHash('new hash')} where id = 'key_rehash'`;
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('old hash')), undefined);
  assert.equal(node.reader.keyByDigest(keyDigest('new hash'))?.key.keyId, 'key_rehash');
  await node.stop();
});

test('roles, limits and identities arrive as documents of their own', async () => {
  const node = await startNode('documents');
  await insertKey('key_linked', 'linked');
  await database`
    insert into latchkey.roles (id, workspace_id, name, created_at_ms)
    values ('role_1', ${workspaceId}, 'admin', 1)`;
  await database`
    insert into latchkey.permissions (id, workspace_id, name, slug, created_at_ms)
    values ('perm_1', ${workspaceId}, 'read', 'docs.read', 1)`;
  await database`insert into latchkey.role_permissions values ('role_1', 'perm_1')`;
  await database`insert into latchkey.key_roles values ('key_linked', 'role_1')`;
  await database`
    insert into latchkey.ratelimits (id, key_id, name, limit_count, duration_ms, auto_apply)
    values ('rl_1', 'key_linked', 'requests', 10, 60000, true)`;
  await node.replicator.awaitApplied();
  const key = node.reader.keyByDigest(keyDigest('linked'))?.key;
  assert.deepEqual(key?.roleIds, ['role_1']);
  assert.deepEqual(key?.limits, [
    { limitId: 'rl_1', name: 'requests', limit: 10, durationMs: 60_000, autoApply: true },
  ]);
  assert.deepEqual(node.reader.find('role', 'role_1')?.permissionIds, ['perm_1']);
  assert.equal(node.reader.find('permission', 'perm_1')?.slug, 'docs.read');

  const changesBefore = node.replicator.status().appliedChangeCount;
  await database`delete from latchkey.permissions where id = 'perm_1'`;
  await node.replicator.awaitApplied();
  assert.equal(node.reader.find('permission', 'perm_1'), undefined);
  assert.equal(node.replicator.status().appliedChangeCount, changesBefore + 1);
  await node.stop();
});

test('a key that expires at the epoch does expire, and one without an expiry never', async () => {
  const node = await startNode('expiry');
  await insertKey('key_expired', 'expired');
  await insertKey('key_lasting', 'lasting');
  await database`update latchkey.keys set expires_at_ms = 0 where id = 'key_expired'`;
  await node.replicator.awaitApplied();
  assert.equal(node.reader.keyByDigest(keyDigest('expired'))?.key.expiresAtMs, 1);
  assert.equal(node.reader.keyByDigest(keyDigest('lasting'))?.key.expiresAtMs, 0);
  await node.stop();
});

test('a restart follows from where it stopped, without a copy of everything', async () => {
  const node = await startNode('restart');
  await node.stop();
  await insertKey('key_while_away', 'while away');
  const again = await startNode('restart', node.path);
  assert.equal(again.reader.keyByDigest(keyDigest('while away'))?.key.keyId, 'key_while_away');
  assert.equal(again.replicator.status().fullCopyCount, 0);
  await again.stop();
});

test('a node for which the log has been pruned copies everything beside the old file', async () => {
  const node = await startNode('pruned');
  await node.stop();
  await insertKey('key_pruned', 'pruned');
  await database`update latchkey.changes set logged_at = now() - interval '2 days'`;
  // Not before every transaction of the server, of other databases too, has got past them.
  await waitFor('all changes are pruned', async () => {
    await database.begin((transaction) => pruneChanges(transaction, 24));
    return (await database`select from latchkey.changes limit 1`).length === 0;
  });
  const again = await startNode('pruned', node.path);
  assert.equal(again.replicator.status().fullCopyCount, 1);
  assert.notEqual(again.path, node.path);
  assert.equal(again.reader.keyByDigest(keyDigest('pruned'))?.key.keyId, 'key_pruned');
  await again.stop();
});

test('pruning never makes a node that is up to date copy again, whatever is running', async () => {
  const node = await startNode('upToDate');
  const old = await database.reserve();
  await old`begin`;
  await old`select pg_current_xact_id()`;
  await insertKey('key_after_old', 'after old');
  await node.replicator.awaitApplied();
  await database`update latchkey.changes set logged_at = now() - interval '2 days'`;
  await database.begin((transaction) => pruneChanges(transaction, 24));
  await node.replicator.awaitApplied();
  assert.equal(node.replicator.status().fullCopyCount, 1);
  await old`commit`;
  old.release();
  await node.stop();
});

test('a replica that another version has written is copied anew', async () => {
  const node = await startNode('format');
  await node.stop();
  const writer = openReplicaWriter(node.path);
  const watermark = writer.watermark();
  assert.ok(watermark);
  await writer.apply([], { ...watermark, format: watermark.format + 1 });
  await writer.close();
  const again = await startNode('format', node.path);
  assert.equal(again.replicator.status().fullCopyCount, 1);
  await again.stop();
});

test('another database under the same address is copied anew, never merged', async () => {
  const node = await startNode('other');
  await database`update latchkey.instance set instance_id = gen_random_uuid()`;
  await database`delete from latchkey.keys where id = 'key_before'`;
  await node.replicator.awaitApplied();
  assert.equal(node.replicator.status().fullCopyCount, 2);
  assert.equal(node.reader.keyByDigest(keyDigest('before')), undefined);
  assert.ok(node.reader.keyByDigest(keyDigest('fast')));
  await node.stop();
});
