import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  classifyDatabaseError,
  constraintOf,
  type Database,
  openDatabase,
  type Transaction,
} from '../../src/lib/database.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 2, applicationName: 'latchkey test' });
  await database`create table things (id int constraint things_id primary key, word text)`;
});

after(async () => {
  await database.end();
  await server.close();
});

/** Of the error that `work` rejects with. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error) => `${classifyDatabaseError(error)} ${constraintOf(error)}`.trim(),
  );
}

test('what the server says is classified as it is meant', async () => {
  assert.equal(await failureOf(database`select * from missing`), 'unprepared');
  assert.equal(await failureOf(database`select missing from things`), 'unprepared');
  assert.equal(await failureOf(database`select * from missing.things`), 'unprepared');
  assert.equal(await failureOf(database`select missing()`), 'unprepared');
  await database`insert into things values (1)`;
  assert.equal(await failureOf(database`insert into things values (1)`), 'duplicate things_id');
  assert.equal(await failureOf(database`insert into things values (2, ${'\0'})`), 'unstorable');
  assert.equal(await failureOf(database`select '{"a":"\\u0000"}'::jsonb`), 'unstorable');
  assert.equal(await failureOf(database`select 1 +`), 'other');
});

test('a lock that is not to be waited for, and a race that is lost, are conflicts', async () => {
  await database`insert into things values (7)`;
  await database.begin(async (transaction) => {
    await transaction`select from things where id = 7 for update`;
    const other = database`select from things where id = 7 for update nowait`;
    assert.equal(await failureOf(other), 'conflict');
  });
  const late = database.begin('isolation level serializable', async (transaction) => {
    await transaction`select from things where id = 7`;
    await database`update things set word = 'theirs' where id = 7`;
    await transaction`update things set word = 'mine' where id = 7`;
  });
  assert.equal(await failureOf(late), 'conflict');
});

/** Gives what ends the transaction's connection, from the server's side. */
async function ender(transaction: Transaction): Promise<() => Promise<unknown>> {
  const [own] = await transaction<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return () => database`select pg_terminate_backend(${own?.pid ?? 0})`.execute();
}

function openSingle(): Database {
  return openDatabase(server.url, { connectionsMax: 1, applicationName: 'latchkey test' });
}

test('a transaction whose connection ends is unreachable, and the pool is good again', async () => {
  const single = openSingle();
  const endings: ((transaction: Transaction) => Promise<unknown>)[] = [
    async (transaction) => {
      await (await ender(transaction))();
      await transaction`select 1`;
    },
    async (transaction) => {
      await (await ender(transaction))();
      await transaction`select ${'x'.repeat(5000)}::text`;
    },
    async (transaction) => {
      const end = await ender(transaction);
      await Promise.all([transaction`select pg_sleep(60)`, end()]);
    },
    async (transaction) => {
      const end = await ender(transaction);
      for await (const _ of transaction`select generate_series(1, 5)`.cursor(1)) await end();
    },
  ];
  for (const [place, ending] of [...endings, ...endings].entries()) {
    assert.equal(await failureOf(single.begin(ending)), 'unreachable', `ending ${place}`);
    for (const number of [1, 2]) {
      assert.equal(await failureOf(single`select ${number}::int`), 'none', `after ${place}`);
    }
  }
  await single.end();
});

test('what is left of a transaction that lost its connection is never done', async () => {
  const single = openSingle();
  let late: Promise<unknown> = Promise.resolve();
  const lost = single.begin(async (transaction) => {
    await transaction`insert into things values (100)`;
    await (await ender(transaction))();
    await waitFor('the pool has connected again', async () => {
      return (await failureOf(single`select 1`)) === 'none';
    });
    late = failureOf(transaction`insert into things values (101)`);
  });
  assert.equal(await failureOf(lost), 'unreachable');
  await waitFor('the late statement is settled', async () => (await late) === 'unreachable');
  assert.deepEqual([...(await database`select id from things where id >= 100`)], []);
  await single.end();
});

test('a database, a user or a right that is missing is for a person to settle', async () => {
  const missing = new URL(server.url);
  missing.pathname = '/no_such_database';
  const stranger = openDatabase(missing.href, { connectionsMax: 1, applicationName: 'test' });
  assert.equal(await failureOf(stranger`select 1`), 'refused');
  await stranger.end();
  const denied = database.begin(async (transaction) => {
    await transaction`create role latchkey_test_stranger`;
    await transaction`set local role latchkey_test_stranger`;
    await transaction`select * from things`;
  });
  assert.equal(await failureOf(denied), 'refused');
});

test('a bigint is a number', async () => {
  const [row] = await database<{ at: number }[]>`select ${1_800_000_000_000}::bigint as at`;
  assert.equal(row?.at, 1_800_000_000_000);
});
