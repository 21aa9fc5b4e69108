import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { createApiClient } from '../support/api-client.ts';
import { allInserted, readEventRows } from '../support/event-rows.ts';
import { openRawConnection, postText } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;
let database: Database;

before(async () => {
  server = await startServer({ workers: 2 });
  database = openDatabase(server.databaseUrl, { connectionsMax: 2, applicationName: 'test' });
});
after(async () => {
  await database.end();
  await server.close();
});

test('SIGTERM takes no new connection and finishes a call that waits for Postgres', async () => {
  const lock = await database.reserve();
  await lock`begin`;
  await lock`lock table latchkey.apis in access exclusive mode`;
  const call = createApiClient(server)('apis.createApi', { name: 'in flight' });
  await waitFor('the call waits for the table', async () => {
    const [row] = await database<{ count: number }[]>`
      select count(*)::int as count from pg_locks l join pg_stat_activity a using (pid)
      where not l.granted and a.application_name like 'latchkey worker%'`;
    return row?.count === 1;
  });
  const stopped = server.stop();
  await waitFor('no new connection is taken', async () => {
    return openRawConnection(server.url).then(
      ({ socket }) => void socket.destroy(),
      (error) => error.code === 'ECONNREFUSED',
    ) as Promise<boolean>;
  });
  await lock`commit`;
  lock.release();
  const reply = await call;
  assert.equal(reply.status, 200, reply.text);
  await stopped;
  const apis = await database`select from latchkey.apis where name = 'in flight'`;
  assert.equal(apis.length, 1);
});

test('a killed primary takes its workers along; the next start ships what they left', async () => {
  await server.start();
  const rowsBefore = (await readEventRows(server.clickhouseUrl)).length;
  const connection = await openRawConnection(server.url);
  const body = JSON.stringify({ key: 'unknown' });
  const requestIds: string[] = [];
  for (let round = 0; round < 100; round += 1) {
    connection.send(postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body }));
    requestIds.push(JSON.parse((await connection.response()).body).meta.requestId);
  }
  await server.kill('SIGKILL');
  await server.nothingRuns();
  await connection.closed;

  await server.start();
  await allInserted(server.adminUrl);
  const rows = await readEventRows(server.clickhouseUrl);
  assert.equal(rows.length, rowsBefore + requestIds.length);
  const recorded = new Set(rows.map((row) => row.requestId));
  assert.deepEqual(
    requestIds.filter((id) => !recorded.has(id)),
    [],
  );
});
