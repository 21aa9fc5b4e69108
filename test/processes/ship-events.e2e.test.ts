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

const saidCount = (text: string) => server.log().split(`"msg":"${text}"`).length - 1;
const shippedCount = () => saidCount('all events shipped');

test('once SIGUSR2 is answered, every event from before it is in ClickHouse', async () => {
  for (const round of [1, 2, 3]) {
    await verify(20);
    process.kill(server.pid, 'SIGUSR2');
    await waitFor('the events are shipped', () => shippedCount() === round);
    assert.equal((await readEventRows(server.clickhouseUrl)).length, 20 * round);
  }
});

test('a SIGUSR2 that comes during another one is not lost', async () => {
  const before = shippedCount();
  await verify(1);
  process.kill(server.pid, 'SIGUSR2');
  await waitFor('it has begun', () => saidCount('shipping all events') === before + 1);
  process.kill(server.pid, 'SIGUSR2');
  await waitFor('both are answered', () => shippedCount() === before + 2);
});
