import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { steerToNewest } from '../../src/lib/listen-group.ts';

const isLinux = process.platform === 'linux';

/** Counts the connections that it takes, and closes each at once. */
async function startMember(port: number): Promise<{ server: Server; takenCount(): number }> {
  let takenCount = 0;
  const server = createServer((socket) => {
    takenCount += 1;
    socket.end();
  });
  server.listen({ host: '127.0.0.1', port, reusePort: true });
  await once(server, 'listening');
  return { server, takenCount: () => takenCount };
}

async function connectTimes(port: number, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket.resume(), 'close');
  }
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

test('all new connections go to the newest until one has left, and then to all again', async () => {
  assert.equal(steerToNewest(1), false, 'nothing listens yet');
  const first = await startMember(0);
  const { port } = first.server.address() as AddressInfo;
  const members = [first, await startMember(port), await startMember(port)] as const;
  const counts = () => members.map((member) => member.takenCount());

  assert.equal(steerToNewest(members.length), isLinux);
  if (isLinux) {
    await connectTimes(port, 60);
    assert.deepEqual(counts(), [0, 0, 60]);
  }
  await close(members[0].server);
  await connectTimes(port, 60);
  const [, second = 0, third = 0] = counts();
  if (isLinux) assert.ok(second > 0 && third > 60, `taken: ${counts()}`);
  await Promise.all([close(members[1].server), close(members[2].server)]);
});
