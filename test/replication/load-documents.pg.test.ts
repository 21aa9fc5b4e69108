import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/control/migrate.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { readChanges } from '../../src/replication/change-feed.ts';
import { loadAllDocuments, loadDocuments } from '../../src/replication/load-documents.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 2, applicationName: 'test' });
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
    for await (const batch of loadAllDocuments(transaction, 'namespace', 1)) batches.push(...batch);
    return batches.sort((one, other) => (one.id < other.id ? -1 : 1));
  });
  assert.deepEqual(all, expected);
});
