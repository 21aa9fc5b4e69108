import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, openDatabase, type Transaction } from '../../src/lib/database.ts';
import { CopiedRows } from '../../src/replication/copied-rows.ts';
import { copySideBySide } from '../../src/replication/copy-side-by-side.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 3, applicationName: 'test' });
});
after(async () => {
  await database.end();
  await server.close();
});

const columns = { number: 0, text: 1 };
/** `value` of each number, and a text of a thousand characters. */
const series = (count: number, value = 'n') =>
  `select (${value})::int, repeat('x', 1000) from generate_series(1, ${count}) n`;

async function countRows(rows: CopiedRows): Promise<number> {
  let count = 0;
  while (await rows.more()) while (rows.next()) count += 1;
  return count;
}

/** What a connection is that answers no more: a test must not wait for it for ever. */
async function answers(transaction: Transaction): Promise<boolean> {
  const question = transaction`select 1`.then(() => true);
  return Promise.race([question, sleep(5000, false, { ref: false })]);
}

test('a connection goes on when a copy ends while its reader is behind', async () => {
  for (let count = 40; count < 200; count += 2) {
    await database.begin(async (transaction) => {
      const rows = await CopiedRows.of(transaction, { sql: series(count), columns });
      await sleep(2);
      assert.equal(await countRows(rows), count);
      assert.ok(await answers(transaction), `after ${count} rows`);
    });
  }
});

test('a copy that the server breaks off is an error, and the connection goes on', async () => {
  const sql = series(100_000, '1 / (n - 9999)');
  const failed = database.begin(async (transaction) => {
    const rows = await CopiedRows.of(transaction, { sql, columns });
    await sleep(20);
    await countRows(rows);
  });
  await assert.rejects(failed, { code: '22012' });
  assert.equal(await database.begin(answers), true);
});

test('a copy that is broken off before anybody reads it is an error of who reads it', async () => {
  const failed = database.begin(async (transaction) => {
    const rows = await CopiedRows.of(transaction, { sql: series(1, '1 / (n - 1)'), columns });
    await sleep(20);
    await countRows(rows);
  });
  await assert.rejects(failed, { code: '22012' });
  assert.equal(await database.begin(answers), true);
});

test('several copies see one state, whatever is committed meanwhile', async () => {
  await database`create table things (id int)`;
  await database`insert into things select generate_series(1, 1000)`;
  const things = { sql: 'select id from things', columns: { id: 0 } };
  await database.begin('isolation level repeatable read read only', async (transaction) => {
    await transaction`select 1`;
    await database`insert into things values (0)`;
    await copySideBySide({ database, transaction }, [things, things, things], async (all) => {
      const counts: number[] = [];
      for (const rows of all) counts.push(await countRows(rows));
      assert.deepEqual(counts, [1000, 1000, 1000]);
    });
  });
});

test('who gives up in the middle of copies gets the reason, and loses no connection', async () => {
  const long = { sql: series(20_000), columns };
  const failed = database.begin('isolation level repeatable read read only', (transaction) =>
    copySideBySide({ database, transaction }, [long, long, long], async ([first]) => {
      await first?.more();
      throw new Error('no more');
    }),
  );
  await assert.rejects(failed, /no more/);
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => database.begin(answers))), [
    ...[true, true, true],
  ]);
});
