import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startEmbeddedClickhouse } from '../../src/embedded/embedded-clickhouse.ts';
import type { EmbeddedStore } from '../../src/embedded/embedded-store.ts';
import { mendDeduplicationLogs } from '../../src/embedded/mend-deduplication-logs.ts';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { askClickhouse, temporaryFolder } from './store-fixtures.ts';

const insert = (note: string) =>
  `insert into notes settings insert_deduplication_token = '${note}' values ('${note}')`;
const notes = 'select note from notes order by note';

test('an insert that ended between its id and its part counts after a restart', async () => {
  const { folder, remove } = temporaryFolder();
  const servers: EmbeddedStore[] = [];
  after(async () => {
    for (const server of servers) await server.stop();
    remove();
  });
  const first = await startEmbeddedClickhouse({ folder, logger });
  servers.push(first);
  const [table = ''] = await askClickhouse(
    first.url,
    `create table notes (note String) engine = MergeTree order by note
     settings non_replicated_deduplication_window = 100`,
    insert('a'),
    insert('b'),
    'optimize table notes final',
    `select data_paths[1] from system.tables where name = 'notes'`,
  );
  const obstacle = join(table, 'all_3_3_0');
  writeFileSync(obstacle, '');
  await assert.rejects(askClickhouse(first.url, insert('c')), /all_3_3_0/);
  rmSync(obstacle);
  // When this fails, a newer server has learnt better: then see whether it counts an insert twice.
  const swallowed = await askClickhouse(first.url, insert('c'), notes);
  assert.deepEqual(swallowed, ['a', 'b']);
  await first.stop();

  const second = await startEmbeddedClickhouse({ folder, logger });
  servers.push(second);
  const found = await askClickhouse(second.url, insert('c'), insert('a'), insert('c'), notes);
  assert.deepEqual(found, ['a', 'b', 'c']);
});

const added = (part: string) => `1\t${part}\t${part.split('_')[0]}_6490913963489977298_15812049\n`;
const dropped = (part: string) => added(part).replace('1', '2');

/** A store with one table, its parts and its log; what `mend` leaves of the log. */
function storeOf(parts: string[], log: string) {
  const { folder, remove } = temporaryFolder();
  after(remove);
  const table = join(folder, 'store/06e/06ec1847-6cfa-425b-bdd1-f216518f0fcb');
  const logs = join(table, 'deduplication_logs');
  mkdirSync(logs, { recursive: true });
  for (const part of [...parts, 'detached']) mkdirSync(join(table, part));
  writeFileSync(join(table, 'format_version.txt'), '1');
  writeFileSync(join(logs, 'deduplication_log_1.txt'), log);
  return {
    mend() {
      const removedCount = mendDeduplicationLogs(folder);
      assert.deepEqual(readdirSync(logs), ['deduplication_log_1.txt']);
      assert.ok(!readdirSync(folder).some((name) => name.endsWith('.new')));
      return { removedCount, log: readFileSync(join(logs, 'deduplication_log_1.txt'), 'utf8') };
    },
  };
}

test('ids stay whose part is there, or in a merged or a changed one', () => {
  const parts = ['all_1_4_1', 'all_5_5_0', '20261122_1_1_0_7', 'tmp_merge_all_1_5_2'];
  const log =
    ['all_1_1_0', 'all_2_2_0', 'all_4_4_0', 'all_5_5_0', '20261122_1_1_0'].map(added).join('') +
    dropped('all_9_9_0');
  assert.deepEqual(storeOf(parts, log).mend(), { removedCount: 0, log });
});

test('ids go whose part is nowhere: not begun, not finished, of another partition', () => {
  const parts = ['all_1_4_1', 'tmp_insert_all_5_5_0', 'all_6_6_0'];
  const lost = ['all_5_5_0', '20261122_2_2_0', 'all_7_7_0'].map(added);
  const held = ['all_1_1_0', 'all_6_6_0'].map(added);
  const log = [held[0], lost[0], held[1], lost[1], lost[2]].join('');
  assert.deepEqual(storeOf(parts, log).mend(), { removedCount: 3, log: held.join('') });
});

test('half a line goes, and one that another was appended to', () => {
  const good = added('all_1_1_0');
  const half = good.slice(0, 20);
  const store = storeOf(['all_1_2_1'], good + half + added('all_2_2_0') + half);
  assert.deepEqual(store.mend(), { removedCount: 2, log: good });
  assert.equal(store.mend().removedCount, 0);
});

test('of a long log only the end changes', () => {
  const held = Array.from({ length: 2_000 }, (_, block) => added(`all_${block}_${block}_0`)).join(
    '',
  );
  const store = storeOf(['all_0_1999_9'], held + added('all_2000_2000_0'));
  assert.deepEqual(store.mend(), { removedCount: 1, log: held });
});

test('a store that is not there yet has nothing to mend', () => {
  const { folder, remove } = temporaryFolder();
  after(remove);
  assert.equal(mendDeduplicationLogs(join(folder, 'store')), 0);
});
