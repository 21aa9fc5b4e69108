/**
 * Whatever happens to keys, in whatever transactions, and whenever a node looks: what it has
 * followed is what a first copy would read.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/control/migrate.ts';
import { prepareFirstStart } from '../../src/control/root-keys.ts';
import { type GenerationPage, openGenerationPage } from '../../src/keys/generation-page.ts';
import { openReplicaWriter, type ReplicaWriter } from '../../src/keys/replica-writer.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { ReplicaFeed } from '../../src/replication/replica-feed.ts';
import { createRandom } from '../support/random.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';
import { copiedKeys } from './copied-documents.ts';

const keyCount = 12;
const hashCount = 30;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-followed-'));
let server: TestDatabase;
let database: Database;
let page: GenerationPage;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 4, applicationName: 'test' });
  page = openGenerationPage(join(folder, 'generations'));
  await migrate(database);
  const { workspaceId } = await prepareFirstStart(database, { chosenKey: '', nowMs: 1 });
  await database`
    insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
    values ('api_1', ${workspaceId}, 'ks_1', 'payments', 1)`;
  await database`
    insert into latchkey.identities (id, workspace_id, external_id, created_at_ms)
    values ('id_1', ${workspaceId}, 'one', 1)`;
});
after(async () => {
  await database.end();
  await server.close();
  page.close();
  rmSync(folder, { recursive: true });
});

async function startFeed(): Promise<{ feed: ReplicaFeed; writer: ReplicaWriter }> {
  const writer = openReplicaWriter(join(folder, 'replica.mdb'));
  const feed = new ReplicaFeed({
    ...{ database, page, current: undefined, logger: silentLogger, clock: Date.now },
    openFresh: () => writer,
    switchTo: async () => {},
  });
  await feed.poll();
  return { feed, writer };
}

const hashOf = (number: number) => `sha256('${number}')`;

/** One statement, or several, each of which may well change nothing. */
function changeOf(random: () => number): string {
  const upTo = (count: number) => Math.floor(random() * count);
  const oneOf = (texts: readonly string[]) => texts[upTo(texts.length)] as string;
  const id = `'key_${upTo(keyCount)}'`;
  const other = `'key_${upTo(keyCount)}'`;
  const free = hashOf(upTo(hashCount));
  const isFree = `not exists (select from latchkey.keys where hash = ${free})`;
  const owner = `(select hash from latchkey.keys where id = ${other})`;
  const link = (table: string, columns: string, values: string) => `
    insert into latchkey.${table} (${columns}) select ${values}
    where exists (select from latchkey.keys where id = ${id}) on conflict do nothing`;
  return oneOf([
    `insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
       select ${id}, workspace_id, 'api_1', ${free}, '', 1 from latchkey.apis
       where id = 'api_1' and ${isFree} on conflict do nothing`,
    `update latchkey.keys set enabled = not enabled where id = ${id}`,
    `update latchkey.keys set name = ${oneOf([`'ü 😀'`, `'plain'`, 'null'])} where id = ${id}`,
    `update latchkey.keys set meta = '{"n":${upTo(9)}}', identity_id = 'id_1' where id = ${id}`,
    `update latchkey.keys set expires_at_ms = ${upTo(9)}, identity_id = null where id > ${id}`,
    `update latchkey.keys set deleted_at_ms = ${oneOf(['5', 'null'])} where id = ${id}`,
    `delete from latchkey.keys where id = ${id}`,
    `update latchkey.keys set hash = ${free} where id = ${id} and ${isFree}`,
    // A key gets the hash that another has just given up.
    `with taken as ${owner} select set_config('test.hash', encode(hash, 'hex'), true) from taken;
     update latchkey.keys set hash = ${free} where id = ${other} and ${isFree};
     update latchkey.keys set hash = decode(current_setting('test.hash', true), 'hex')
       where id = ${id} and current_setting('test.hash', true) <> ''
       and not exists (select from latchkey.keys
         where hash = decode(current_setting('test.hash', true), 'hex'))`,
    link('key_permissions', 'key_id, permission_id', `${id}, 'perm_${upTo(3)}'`),
    link('key_roles', 'key_id, role_id', `${id}, 'role_${upTo(3)}'`),
    link('key_credits', 'key_id, remaining', `${id}, 5`),
    link(
      'ratelimits',
      'id, key_id, name, limit_count, duration_ms, auto_apply',
      `'rl_' || ${id}, ${id}, 'r', ${1 + upTo(9)}, 1000, true`,
    ),
    `delete from latchkey.key_permissions where key_id = ${id}`,
    `delete from latchkey.key_roles where key_id = ${id}`,
    `delete from latchkey.key_credits where key_id = ${id}`,
    `update latchkey.ratelimits set limit_count = limit_count + 1 where key_id = ${id}`,
    `delete from latchkey.ratelimits where key_id = ${id}`,
  ]);
}

async function assertSameAsCopied(writer: ReplicaWriter, context: string): Promise<void> {
  const copied = new Map<string, unknown>();
  for (const change of await copiedKeys(database)) {
    copied.set(change.hash.toString('hex'), change.record);
  }
  for (let number = 0; number < hashCount; number += 1) {
    const digest = hash('sha256', `${number}`, 'buffer');
    const expected = copied.get(digest.toString('hex'));
    assert.deepEqual(writer.keyAt(digest, 0), expected, `hash ${number}, ${context}`);
  }
  assert.equal(writer.keyCount(), copied.size);
}

test('what a node has followed is what a first copy reads', async () => {
  const { feed, writer } = await startFeed();
  const random = createRandom(20261123);
  for (let round = 0; round < 400; round += 1) {
    const changes = Array.from({ length: 1 + Math.floor(random() * 4) }, () => changeOf(random));
    const looksAfter = random() < 0.3 ? Math.floor(random() * changes.length) : -1;
    const isUndone = random() < 0.1;
    await database
      .begin(async (transaction) => {
        for (const [index, change] of changes.entries()) {
          await transaction.unsafe(change);
          if (index === looksAfter) await feed.poll();
        }
        if (isUndone) throw new Error('undone');
      })
      .catch((error) => assert.equal(error.message, 'undone'));
    if (random() < 0.5) continue;
    await feed.poll();
    await assertSameAsCopied(writer, `round ${round}: ${changes.join(';\n')}`);
  }
  assert.equal(feed.fullCopyCount, 1);
  await writer.close();
});
