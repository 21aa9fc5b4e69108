import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/control/migrate.ts';
import {
  createRootKey,
  listRootKeys,
  prepareFirstStart,
  prepareWorkspace,
  revokeRootKey,
} from '../../src/control/root-keys.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 4, applicationName: 'test' });
  await migrate(database);
});
after(async () => {
  await database.end();
  await server.close();
});

test('nodes that start at once make one workspace and one root key, the operator', async () => {
  const starts = await Promise.all(
    Array.from({ length: 4 }, () => prepareFirstStart(database, { chosenKey: '', nowMs: 1 })),
  );
  assert.equal(new Set(starts.map(({ workspaceId }) => workspaceId)).size, 1);
  assert.equal(starts.filter(({ rootKey }) => rootKey !== undefined).length, 1);
  const [first, ...others] = await listRootKeys(database);
  assert.deepEqual(others, []);
  const workspaceId = starts[0]?.workspaceId ?? '';
  assert.deepEqual(first?.permissions, [`unkey:v1:${workspaceId}:**#*`, 'latchkey:v1:**#*']);
});

test('a root key of the command line has its workspace and not the server', async () => {
  const { workspaceId } = await prepareFirstStart(database, { chosenKey: '', nowMs: 1 });
  const wanted = { workspaceId, name: null, expiresAtMs: null, nowMs: 5 };
  const { rootKeyId } = await createRootKey(database, { ...wanted, permissions: null });
  const made = (await listRootKeys(database)).find((one) => one.rootKeyId === rootKeyId);
  assert.deepEqual(made?.permissions, [`unkey:v1:${workspaceId}:**#*`]);
  assert.equal(await revokeRootKey(database, { rootKeyId, nowMs: 6 }), true);
  assert.equal(await revokeRootKey(database, { rootKeyId, nowMs: 6 }), false);
});

test('what is done without a root key is in the audit log too', async () => {
  const rows = await database<{ actor: string; action: string }[]>`
    select actor, action from latchkey.audit_events order by position`;
  assert.deepEqual(
    rows.map(({ actor, action }) => `${actor}: ${action}`),
    [
      'first start: workspace.create',
      'first start: rootKey.create',
      'command line: rootKey.create',
      'command line: rootKey.revoke',
    ],
  );
});

test('a command before the first start takes nothing from it', async () => {
  const server = await testDatabase();
  const fresh = openDatabase(server.url, { connectionsMax: 2, applicationName: 'test' });
  await migrate(fresh);
  const workspaceId = await prepareWorkspace(fresh, 1);
  assert.equal((await listRootKeys(fresh)).length, 0);
  const first = await prepareFirstStart(fresh, { chosenKey: '', nowMs: 2 });
  assert.equal(first.workspaceId, workspaceId);
  assert.match(first.rootKey ?? '', /^unkey_/);
  assert.equal((await prepareFirstStart(fresh, { chosenKey: '', nowMs: 3 })).rootKey, undefined);
  await fresh.end();
  await server.close();
});

test('a chosen root key is made when it was never there, and stays revoked', async () => {
  const chosenKey = 'a-root-key-of-the-settings';
  const made = await prepareFirstStart(database, { chosenKey, nowMs: 5 });
  assert.equal(made.rootKey, chosenKey);
  assert.equal((await prepareFirstStart(database, { chosenKey, nowMs: 6 })).rootKey, undefined);
  const row = (await listRootKeys(database)).find((one) => one.name === 'root key of the settings');
  assert.ok(row);
  await revokeRootKey(database, { rootKeyId: row.rootKeyId, nowMs: 7 });
  assert.equal((await prepareFirstStart(database, { chosenKey, nowMs: 8 })).rootKey, undefined);
});
