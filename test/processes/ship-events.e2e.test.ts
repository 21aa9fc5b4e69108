import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readEventRows } from '../support/event-rows.ts';
import { openRawConnection, postText } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: TestServer;

before(async () => {
  server = await startServer({ workers: 2 });
});
after(() => server.close());

async function verify(count: number): Promise<void> {
  const body = JSON.stringify({ key: 'no such key' });
  const request = postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body });
  for (let asked = 0; asked < count; asked += 1) {
    // A new one each time, so that each worker gets some.
    const { send, response, socket } = await openRawConnection(server.url);
    send(request);
    assert.equal((await response()).status, 200);
    socket.destroy();
  }
}

const shippedCount = () => server.log().split('"msg":"all events shipped"').length - 1;

test('once SIGUSR2 is answered, every event from before it is in ClickHouse', async () => {
  for (const round of [1, 2, 3]) {
    await verify(20);
    process.kill(server.pid, 'SIGUSR2');
    await waitFor('the events are shipped', () => shippedCount() === round);
    assert.equal((await readEventRows(server.clickhouseUrl)).length, 20 * round);
  }
});

test('a worker that gets the signal goes on', async () => {
  const pids = server.workerPids();
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  await verify(20);
  assert.deepEqual(server.workerPids(), pids);
});
