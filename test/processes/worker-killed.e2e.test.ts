/** What billing stands on: every answered verification is one row, whoever is killed when. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allInserted, readEventRows } from '../support/event-rows.ts';
import { readMetrics } from '../support/metrics.ts';
import { openRawConnection, postText, type RawConnection } from '../support/raw-connection.ts';
import { seededKey, seedKeys } from '../support/seed-keys.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const keyCount = 100_000;
const verificationCount = 20_000;
const connectionCount = 32;

let server: TestServer;

before(async () => {
  server = await startServer({ workers: 2 });
  await seedKeys(server, keyCount);
});
after(() => server.close());

test('with a worker killed midway, the rows are exactly the answered verifications', async () => {
  const [victim, other] = server.workerPids();
  assert.ok(victim && other);
  const load = startLoad();
  await Promise.race([load.half, load.finished]);
  process.kill(victim, 'SIGKILL');
  await load.finished;
  await waitFor('two workers listen', async () => (await workersListening()) === 2);

  assert.equal(load.answered.length, verificationCount);
  const pids = server.workerPids();
  assert.ok(pids.includes(other) && !pids.includes(victim), 'the other worker is the same');

  await allInserted(server.adminUrl);
  const rows = await readEventRows(server.clickhouseUrl);
  const recorded = new Set(rows.map((row) => row.requestId));
  assert.equal(recorded.size, rows.length, 'no row is there twice');
  const missing = load.answered.filter((requestId) => !recorded.has(requestId));
  assert.deepEqual(missing, []);
  // Only the one request that the killed worker had written down and not yet answered.
  const extraCount = rows.length - verificationCount;
  assert.ok(
    extraCount <= Math.min(1, load.unansweredCount),
    `${extraCount} more rows than answers`,
  );
  assert.ok(rows.every((row) => row.outcome === 'VALID' && row.keyId !== ''));

  const metrics = await readMetrics(server.adminUrl);
  assert.equal(metrics.total('latchkey_worker_restarts_total'), 1);
  assert.equal(metrics.total('latchkey_events_accepted_total'), rows.length);
  assert.equal(metrics.total('latchkey_events_inserted_total'), rows.length);
  for (const empty of ['spool_events', 'events_quarantined_total', 'events_dropped_total']) {
    assert.equal(metrics.total(`latchkey_${empty}`), 0, empty);
  }
  const counted = metrics.sample('latchkey_verifications_total{outcome="VALID"}');
  assert.ok(counted === rows.length || counted === verificationCount, `${counted} were counted`);
});

async function workersListening(): Promise<number> {
  return (await readMetrics(server.adminUrl)).total('latchkey_workers');
}

type Load = {
  /** Ids of the requests, in the order of their answers. */
  answered: string[];
  /** Resolves when half of the verifications are answered. */
  half: Promise<void>;
  /** Requests whose connection broke; each was sent again as another request. */
  unansweredCount: number;
  finished: Promise<unknown>;
};

function startLoad(): Load {
  let leftCount = verificationCount;
  const half = Promise.withResolvers<void>();
  const load = { answered: [] as string[], half: half.promise, unansweredCount: 0 };

  /** Over one connection, until it breaks or nothing is left to ask. */
  async function runConnection({ socket, send, response }: RawConnection): Promise<void> {
    while (leftCount > 0) {
      leftCount -= 1;
      const body = JSON.stringify({ key: seededKey(((leftCount * 7) % keyCount) + 1) });
      send(postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body }));
      const { body: text } = await response();
      const answer = JSON.parse(text);
      assert.equal(answer.data?.code, 'VALID', text);
      load.answered.push(answer.meta.requestId);
      if (load.answered.length === verificationCount / 2) half.resolve();
    }
    socket.destroy();
  }

  async function runLane(): Promise<void> {
    while (leftCount > 0) {
      const connection = await openRawConnection(server.url).catch(rethrowUnlessBroken);
      if (!connection) continue;
      await runConnection(connection).catch((error) => {
        rethrowUnlessBroken(error);
        load.unansweredCount += 1;
        leftCount += 1;
      });
    }
  }

  const finished = Promise.all(Array.from({ length: connectionCount }, runLane));
  return Object.assign(load, { finished });
}

/** A connection of the killed worker, or one that was waiting for it. */
function rethrowUnlessBroken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ECONNRESET') throw error;
}
