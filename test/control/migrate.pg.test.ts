import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { migrate, SchemaTooNew } from '../../src/control/migrate.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { type TestDatabase, testDatabase } from '../support/stores.ts';

let server: TestDatabase;
let database: Database;

before(async () => {
  server = await testDatabase();
  database = openDatabase(server.url, { connectionsMax: 8, applicationName: 'test' });
});
after(async () => {
  await database.end();
  await server.close();
});

test('of nodes that start at once one migrates, and the next finds nothing to do', async () => {
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(database)));
  assert.equal(applied.filter((names) => names.length > 0).length, 1);
  assert.deepEqual(await migrate(database), []);
});

test('every id is compared byte by byte: pages have one order and joins an index', async () => {
  const columns = await database`
    select table_name || '.' || column_name as name from information_schema.columns
    where table_schema = 'latchkey' and data_type = 'text'
      and (column_name = 'id' or column_name like '%\\_id')
      and collation_name is distinct from 'C'`;
  assert.deepEqual(
    columns.map(({ name }) => name),
    [],
  );
});

test('text is the same in any case, beyond ASCII too, whatever the server thinks', async () => {
  const [row] = await database`
    select latchkey.fold('ÉCOLE Größe ΣΑΣ I') as folded, latchkey.fold('I') as i`;
  assert.deepEqual({ ...row }, { folded: 'école größe σας i', i: 'i' });
});

test('a migration that fails leaves nothing of it, nor of those before it', async () => {
  const other = await testDatabase();
  const own = openDatabase(other.url, { connectionsMax: 2, applicationName: 'test' });
  await own`create schema latchkey`;
  await own`create table latchkey.keys (id text)`;
  await assert.rejects(migrate(own), (error: Error) => {
    assert.match(error.message, /^migration 001-/);
    assert.equal((error.cause as { code?: string }).code, '42P07');
    return true;
  });
  const names = async () =>
    (
      await own`select table_name from information_schema.tables where table_schema = 'latchkey'`
    ).map((row) => row.table_name);
  assert.deepEqual(await names(), ['keys']);
  await own`drop table latchkey.keys`;
  assert.ok((await migrate(own)).length > 0);
  await own.end();
  await other.close();
});

test('a database of a newer version is left alone', async () => {
  await database`insert into latchkey.migrations (name) values ('999-later.sql')`;
  await assert.rejects(migrate(database), (error: Error) => {
    assert.ok(error instanceof SchemaTooNew);
    assert.match(error.message, /999-later\.sql/);
    return true;
  });
});
