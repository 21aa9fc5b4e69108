import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { readMetrics } from '../support/metrics.ts';
import { openRawConnection, postText, type RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;

before(async () => {
  server = await startServer({ workers: 2 });
});
after(() => server.close());

test('each worker that is killed comes back, and the other answers all the time', async () => {
  for (const victim of server.workerPids()) {
    const { restartCount: restartsBefore } = await workerCounts();
    const connections = await Promise.all(Array.from({ length: 16 }, openAnswered));
    process.kill(victim, 'SIGKILL');
    const answers = await Promise.allSettled(connections.map(ask));
    const others = connections.filter((_, index) => answers[index]?.status === 'fulfilled');
    assert.ok(others.length > 0 && others.length < connections.length, 'both had connections');
    await waitFor('the killed worker is replaced', async () => {
      await Promise.all(others.map(ask));
      const { listeningCount, restartCount } = await workerCounts();
      return listeningCount === 2 && restartCount === restartsBefore + 1;
    });
    assert.ok(!server.workerPids().includes(victim));
    for (const { socket } of connections) socket.destroy();
  }
});

async function openAnswered(): Promise<RawConnection> {
  const connection = await openRawConnection(server.url);
  await ask(connection);
  return connection;
}

async function ask({ send, response }: RawConnection): Promise<void> {
  const body = JSON.stringify({ key: 'unknown' });
  send(postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body }));
  const answer = await response();
  assert.equal(JSON.parse(answer.body).data?.code, 'NOT_FOUND', answer.body);
}

test('a worker that is told to end finishes, leaves and is replaced', async () => {
  const [worker, other] = server.workerPids();
  assert.ok(worker && other);
  process.kill(worker, 'SIGTERM');
  await waitFor('it is replaced', () => {
    const pids = server.workerPids();
    return pids.length === 2 && !pids.includes(worker);
  });
  await waitFor('both listen', async () => (await workerCounts()).listeningCount === 2);
  assert.equal(server.workerPids()[0], other);
});

test('Ctrl-C reaches the workers too, but the primary decides when they end', async () => {
  const workers = server.workerPids();
  for (const pid of workers) process.kill(pid, 'SIGINT');
  const call = createApiClient(server);
  for (let round = 0; round < 10; round += 1) {
    const { status } = await call('keys.verifyKey', { key: 'unknown' });
    assert.equal(status, 200);
  }
  assert.deepEqual(server.workerPids(), workers);
});

/** As they were at one moment. */
async function workerCounts(): Promise<{ listeningCount: number; restartCount: number }> {
  const metrics = await readMetrics(server.adminUrl);
  const restartCount = metrics.total('latchkey_worker_restarts_total');
  return { listeningCount: metrics.total('latchkey_workers'), restartCount };
}
