import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/control/migrate.ts';
import type { KeyRecord } from '../../src/domain/records.ts';
import type { KeyChange, ReplicaChange } from '../../src/keys/replica-change.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { readChanges } from '../../src/replication/change-feed.ts';
import {
  loadAllDocuments,
  loadDocuments,
  loadLostHashes,
} from '../../src/replication/load-documents.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';
import { copiedIdentities, copiedKeys } from './copied-documents.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 3, applicationName: 'test' });
  await migrate(database);
  await database`
    insert into latchkey.workspaces (id, name, created_at_ms) values ('ws_1', 'one', 1)`;
  await database`
    insert into latchkey.ratelimit_namespaces (id, workspace_id, name, created_at_ms)
    values ('rlns_1', 'ws_1', 'email', 1), ('rlns_2', 'ws_1', ' ü😀', 1)`;
});
after(async () => {
  await database.end();
  await server.close();
});

const namespaces = (...ids: string[]) =>
  database.begin((transaction) => loadDocuments(transaction, 'namespace', ids));

/** What the statement changes, as a node that follows the change log learns of it. */
async function changesOf(statement: string): Promise<[kind: string, ids: string[]][]> {
  const [row] = await database<{ snapshot: string }[]>`
    select pg_current_snapshot()::text as snapshot`;
  await database.unsafe(statement);
  const changed = await database.begin((transaction) =>
    readChanges(transaction, row?.snapshot as string),
  );
  return [...changed];
}

test('each change of a namespace or of its overrides is a change of its document', async () => {
  const statements = [
    `insert into latchkey.ratelimit_overrides
       (id, namespace_id, identifier, limit_count, duration_ms, created_at_ms)
     values ('rlor_b', 'rlns_1', 'user_*', 0, 1000, 1),
       ('rlor_A', 'rlns_1', 'user_1', 9007199254740991, 2592000000, 1)`,
    `update latchkey.ratelimit_overrides set limit_count = 5 where id = 'rlor_b'`,
    `delete from latchkey.ratelimit_overrides where id = 'rlor_b'`,
    `update latchkey.ratelimit_namespaces set deleted_at_ms = 5 where id = 'rlns_1'`,
  ];
  const expected = [['namespace', ['rlns_1']]];
  for (const statement of statements) assert.deepEqual(await changesOf(statement), expected);
});

test('a namespace is loaded with its overrides, deleted or not; a missing one goes', async () => {
  const expected = [
    {
      kind: 'namespace',
      id: 'rlns_1',
      record: {
        namespaceId: 'rlns_1',
        workspaceId: 'ws_1',
        name: 'email',
        isDeleted: true,
        overrides: [
          {
            overrideId: 'rlor_A',
            identifier: 'user_1',
            limit: 9007199254740991,
            durationMs: 2592000000,
          },
        ],
      },
    },
    {
      kind: 'namespace',
      id: 'rlns_2',
      record: {
        namespaceId: 'rlns_2',
        workspaceId: 'ws_1',
        name: ' ü😀',
        isDeleted: false,
        overrides: [],
      },
    },
  ];
  const missing = { kind: 'namespace', id: 'rlns_3', record: undefined };
  assert.deepEqual(await namespaces('rlns_1', 'rlns_2', 'rlns_3'), [...expected, missing]);
  const all = await database.begin(async (transaction) => {
    const batches = [];
    for await (const batch of loadAllDocuments(transaction, 'namespace')) batches.push(...batch);
    const idOf = (change: ReplicaChange) => (change.kind === 'key' ? '' : change.id);
    return batches.sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
  });
  assert.deepEqual(all, expected);
});

test('keys and identities are the same, copied with all or loaded by their ids', async () => {
  await database.unsafe(`
    insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
      values ('api_1', 'ws_1', 'ks_1', 'payments', 1);
    insert into latchkey.identities (id, workspace_id, external_id, meta, created_at_ms)
      values ('id_1', 'ws_1', 'ünï 😀', '{"a":"ß"}', 1), ('id_2', 'ws_1', 'plain', '{}', 1);
    insert into latchkey.keys (id, workspace_id, api_id, hash, hash_kind, start, name, identity_id,
        meta, enabled, expires_at_ms, migration_id, created_at_ms)
      values ('key_1', 'ws_1', 'api_1', sha256('1'), 0, '', 'nämé 😀', 'id_1', '{"x":1}', false,
          1800000000123, null, 1),
        ('key_2', 'ws_1', 'api_1', sha256('2'), 3, '', null, null, null, true, 0, 'mig_1', 1);
    insert into latchkey.key_credits (key_id, remaining) values ('key_2', 5);
    insert into latchkey.key_permissions values ('key_1', 'perm_b'), ('key_1', 'perm_a');
    insert into latchkey.key_roles values ('key_2', 'role_1');
    insert into latchkey.ratelimits
        (id, key_id, identity_id, name, limit_count, duration_ms, auto_apply)
      values ('rl_1', 'key_1', null, E'two\nlines \\\\ and \\\\n', 9007199254740991, 1000, true),
        ('rl_2', 'key_1', null, 'b c', 2, 60000, false),
        ('rl_3', null, 'id_2', ' é ', 3, 2592000000, true)`);
  const copied = new Map<string, ReplicaChange[]>([
    ['key', await copiedKeys(database)],
    ['identity', await copiedIdentities(database)],
  ]);
  const loaded = (kind: 'key' | 'identity', ids: string[]) =>
    database.begin((transaction) => loadDocuments(transaction, kind, ids));
  assert.deepEqual(copied.get('key'), await loaded('key', ['key_1', 'key_2']));
  assert.deepEqual(copied.get('identity'), await loaded('identity', ['id_1', 'id_2']));
  assert.deepEqual(copied.get('key')?.[0]?.record, {
    ...{ keyId: 'key_1', workspaceId: 'ws_1', apiId: 'api_1', identityId: 'id_1' },
    ...{ isEnabled: false, expiresAtMs: 1_800_000_000_123, hasCredits: false, migrationId: '' },
    ...{ permissionIds: ['perm_a', 'perm_b'], roleIds: [], name: 'nämé 😀', metaJson: '{"x":1}' },
    limits: [
      { limitId: 'rl_2', name: 'b c', limit: 2, durationMs: 60_000, autoApply: false },
      {
        ...{ limitId: 'rl_1', name: 'two\nlines \\ and \\n', limit: Number.MAX_SAFE_INTEGER },
        ...{ durationMs: 1000, autoApply: true },
      },
    ],
  });
});

test('a deleted key is loaded as gone from its hash, an erased one as a lost hash', async () => {
  const removal = (name: string, hashKind: number) => {
    return { kind: 'key', hash: hash('sha256', name, 'buffer'), hashKind, record: undefined };
  };
  await database`update latchkey.keys set deleted_at_ms = 1 where id = 'key_1'`;
  const load = () => database.begin((transaction) => loadDocuments(transaction, 'key', ['key_1']));
  assert.deepEqual(await load(), [removal('1', 0)]);

  const erased = await changesOf(`delete from latchkey.keys where id in ('key_1', 'key_2')`);
  const names = new Map(erased).get('keyHash') ?? [];
  assert.deepEqual(await load(), []);
  const lost = await database.begin((transaction) => loadLostHashes(transaction, names));
  assert.deepEqual(new Set(lost), new Set([removal('1', 0), removal('2', 3)]));
});

test('a hash that another key has taken over is not lost', async () => {
  await database`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
    values ('key_3', 'ws_1', 'api_1', sha256('3'), '', 1)`;
  const changed = await changesOf(`
    update latchkey.keys set hash = sha256('4') where id = 'key_3';
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
    values ('key_4', 'ws_1', 'api_1', sha256('3'), '', 1)`);
  const names = new Map(changed).get('keyHash') ?? [];
  assert.equal(names.length, 1);
  assert.deepEqual(await database.begin((sql) => loadLostHashes(sql, names)), []);
});

test('rows of any size are copied whole, however the network cuts them', async () => {
  await database.unsafe(`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, meta, created_at_ms)
    select 'key_n' || n, 'ws_1', 'api_1', sha256(('n' || n)::bytea), '',
      '{"n":"' || repeat('x', case when n % 500 = 0 then 300000 else n % 1000 end) || '"}', 1
    from generate_series(1, 3000) n`);
  const copied = await copiedKeys(database);
  const ids = copied.map(({ record }) => (record as KeyRecord).keyId);
  const loaded = await database.begin((transaction) => loadDocuments(transaction, 'key', ids));
  const byHash = (one: ReplicaChange, other: ReplicaChange) =>
    Buffer.compare((one as KeyChange).hash, (other as KeyChange).hash);
  assert.ok(copied.length >= 3000);
  assert.deepEqual(copied.sort(byHash), loaded.sort(byHash));
});
