import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allInserted, readEventRows } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { openRawConnection, postText } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const reloadCount = 5;
const laneCount = 12;
/** Four processes are started and ended under full load: this only ends a test that hangs. */
const hangMs = 60_000;

let server: TestServer;
let request: string;

before(async () => {
  server = await startServer({ workers: 2 });
  const body = JSON.stringify({ key: 'no such key' });
  request = postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body });
});
after(() => server.close());

type Load = { answeredCount: number; connectionCount: number; isEnough: boolean };

test('SIGHUP replaces all workers without refusing or resetting a connection', async () => {
  const load: Load = { answeredCount: 0, connectionCount: 0, isEnough: false };
  const lanes = Array.from({ length: laneCount }, (_, lane) =>
    lane % 3 === 0 ? askOverOne(load) : askOverNewOnes(load),
  );
  // What fails is known at once, and not only when all reloads are done.
  await Promise.race([Promise.all(lanes), reloadAll(load)]);
  load.isEnough = true;
  await Promise.all(lanes);
  assert.ok(load.connectionCount > 2000, `only ${load.connectionCount} connections were opened`);

  const metrics = await readMetrics(server.adminUrl);
  assert.equal(metrics.total('latchkey_worker_restarts_total'), 0);
  assert.equal(metrics.total('latchkey_verifications_total'), load.answeredCount);
  await allInserted(server.adminUrl);
  assert.equal((await readEventRows(server.clickhouseUrl)).length, load.answeredCount);
});

async function reloadAll(load: Load): Promise<void> {
  for (let reload = 1; reload <= reloadCount; reload += 1) {
    const before = server.workerPids();
    const answeredBefore = load.answeredCount;
    process.kill(server.pid, 'SIGHUP');
    await waitFor('the workers are replaced', () => replacedCount() === reload, hangMs);
    await waitFor('the earlier workers are gone', () => {
      const pids = server.workerPids();
      return pids.length === before.length && !pids.some((pid) => before.includes(pid));
    });
    await waitFor('requests are answered', () => load.answeredCount > answeredBefore);
  }
}

function replacedCount(): number {
  return server.log().split('"msg":"workers replaced"').length - 1;
}

/** Opens a connection for each request. */
async function askOverNewOnes(load: Load): Promise<void> {
  while (!load.isEnough) {
    const connection = await openRawConnection(server.url);
    load.connectionCount += 1;
    connection.send(request);
    check(load, await connection.response());
    connection.socket.destroy();
  }
}

/** Keeps its connection for as long as the server does not say that this answer was the last. */
async function askOverOne(load: Load): Promise<void> {
  while (!load.isEnough) {
    const connection = await openRawConnection(server.url);
    load.connectionCount += 1;
    for (let isLast = false; !isLast && !load.isEnough; ) {
      connection.send(request);
      const response = await connection.response();
      check(load, response);
      isLast = response.headers.get('connection') === 'close';
    }
    connection.socket.destroy();
  }
}

function check(load: Load, { status, body }: { status: number; body: string }): void {
  assert.equal(status, 200, body);
  load.answeredCount += 1;
}
