import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger as logger } from '../../src/lib/logger.ts';
import { waitFor } from '../support/wait-for.ts';
import { pidsOver, stores, temporaryFolder } from './store-fixtures.ts';

for (const { name, start, ask, engine } of stores) {
  const { folder, remove } = temporaryFolder();
  after(remove);

  test(`${name} keeps rows and port over a stop, and leaves no process behind`, async () => {
    const first = await start({ folder, logger });
    await ask(
      first.url,
      `create table notes (note varchar(20) not null) ${engine}`,
      `insert into notes values ('kept')`,
    );
    assert.ok(pidsOver(folder).includes(first.pid));
    await first.stop();
    await first.stop();
    await waitFor('no process over the folder', () => pidsOver(folder).length === 0);
    const second = await start({ folder, logger });
    assert.equal(second.url, first.url);
    assert.deepEqual(await ask(second.url, 'select note from notes'), ['kept']);
    await second.stop();
  });

  test(`${name} that is killed says so, and starts again with its rows`, async () => {
    const first = await start({ folder, logger });
    await ask(
      first.url,
      `create table crashes (note varchar(20) not null) ${engine}`,
      `insert into crashes values ('kept')`,
    );
    process.kill(first.pid, 'SIGKILL');
    assert.deepEqual(await first.exited, { code: null, signal: 'SIGKILL' });
    const second = await start({ folder, logger });
    assert.deepEqual(await ask(second.url, 'select note from crashes'), ['kept']);
    await first.stop();
    await second.stop();
    await waitFor('no process over the folder', () => pidsOver(folder).length === 0);
  });
}

for (const { name, start, ask } of stores) {
  const { folder, remove } = temporaryFolder();
  after(remove);

  test(`${name} takes another port when its own is taken, and never for a wished one`, async () => {
    const first = await start({ folder, logger });
    await first.stop();
    const port = Number(new URL(first.url).port);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    await assert.rejects(start({ folder, logger, port }), {
      message: `port ${port} of 127.0.0.1 is taken; choose another`,
    });
    const second = await start({ folder, logger });
    assert.notEqual(second.url, first.url);
    assert.deepEqual(await ask(second.url, 'select 1'), ['1']);
    await second.stop();
    await new Promise((resolve) => other.close(resolve));
  });

  test(`${name} is not started over the folder of a living owner`, async () => {
    const store = await start({ folder, logger });
    const remedy = 'stop it or choose another data folder';
    await assert.rejects(start({ folder, logger }), {
      message: `${folder} is in use by process ${process.pid}; ${remedy}`,
    });
    assert.deepEqual(await ask(store.url, 'select 1'), ['1']);
    await store.stop();
  });

  test(`${name} is open to its password alone, and its files to its owner`, async () => {
    const store = await start({ folder, logger });
    const password = readFileSync(join(folder, 'password'), 'utf8');
    await assert.rejects(ask(store.url.replace(password, 'wrong'), 'select 1'), /password/i);
    await assert.rejects(ask(store.url.replace(`:${password}`, ''), 'select 1'), /password/i);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600);
    await store.stop();
  });
}

test('a server that ends while it starts is an error with the last lines of its log', async (t) => {
  const [postgres, clickhouse] = stores;
  const { folder, remove } = temporaryFolder();
  t.after(remove);
  const store = await postgres.start({ folder: join(folder, 'postgres'), logger });
  await store.stop();
  writeFileSync(join(folder, 'postgres', 'cluster', 'PG_VERSION'), '9.6\n');
  await assert.rejects(
    postgres.start({ folder: join(folder, 'postgres'), logger }),
    /^Error: PostgreSQL in .* does not start: exit code 1.*\n.*files are incompatible/,
  );
  writeFileSync(join(folder, 'store'), 'not a folder');
  await assert.rejects(
    clickhouse.start({ folder, logger }),
    /^Error: ClickHouse in .* does not start: exit code 1.*\n.*File exists \[".*\/store"\]/,
  );
});

test('ClickHouse is closed to whoever has no password, and shows no file or URL', async (t) => {
  const [, clickhouse] = stores;
  const { folder, remove } = temporaryFolder();
  t.after(remove);
  const { url, stop } = await clickhouse.start({ folder, logger });
  const { ask } = clickhouse;
  const isTaken = { type: 'USER_SESSION_LIMIT_EXCEEDED' };
  const asDefault = url.replace(/latchkey:\w+@/, '');
  await assert.rejects(ask(asDefault, 'select 1'), isTaken);
  await assert.rejects(ask(`${asDefault}?ch_max_sessions_for_user=0`, 'select 1'), isTaken);
  const isDenied = { type: 'ACCESS_DENIED' };
  await assert.rejects(ask(url, `select * from file('/etc/passwd', 'LineAsString')`), isDenied);
  await assert.rejects(ask(url, `select * from url('http://127.0.0.1:9/')`), isDenied);
  await assert.rejects(ask(url, `create table t (a String) engine = File('CSV')`), isDenied);
  await assert.rejects(ask(url, `create user other identified by 'x'`), isDenied);
  await stop();
});

test('ClickHouse comes after PostgreSQL, and whoever else wants a processor', async (t) => {
  const [postgres, clickhouse] = stores;
  const { folder, remove } = temporaryFolder();
  t.after(remove);
  for (const [kind, niceness] of [
    [postgres, 0],
    [clickhouse, 10],
  ] as const) {
    const { pid, stop } = await kind.start({ folder: join(folder, kind.name), logger });
    assert.equal(getPriority(pid), niceness);
    const group = `/proc/${pid}/autogroup`;
    if (existsSync(group))
      assert.match(readFileSync(group, 'utf8'), RegExp(`nice ${niceness}$`, 'm'));
    await stop();
  }
});
