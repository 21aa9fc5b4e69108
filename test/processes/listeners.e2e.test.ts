import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sockets-'));
const paths = [join(folder, 'socket'), join(folder, 'socket.1')];
const rootKey = 'root_key_over_a_socket';
const agent = new Agent({ keepAlive: false });
let server: TestServer;

before(async () => {
  const settings = { LATCHKEY_SOCKET: paths[0] as string, LATCHKEY_ROOT_KEY: rootKey };
  server = await startServer({ workers: 2, settings });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A verification on a connection of its own. */
async function verify(socketPath: string): Promise<string> {
  const headers = { Authorization: `Bearer ${rootKey}`, 'Content-Type': 'application/json' };
  const path = '/v2/keys.verifyKey';
  const sent = request({ socketPath, agent, path, method: 'POST', headers });
  sent.end('{"key":"nobody has this"}');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return JSON.parse(await readText(response)).data.code;
}

test('each worker has a socket of its own, for owner and group alone', async () => {
  for (const path of paths) {
    assert.equal(await verify(path), 'NOT_FOUND');
    assert.equal(statSync(path).mode & 0o777, 0o660);
  }
});

test('while SIGHUP replaces the workers, every connection to a path is answered', async () => {
  const load = { isEnough: false, answeredCount: 0 };
  const lanes = paths.map(async (path) => {
    while (!load.isEnough) {
      assert.equal(await verify(path), 'NOT_FOUND');
      load.answeredCount += 1;
    }
  });
  const earlier = server.workerPids();
  process.kill(server.pid, 'SIGHUP');
  const replaced = waitFor('the earlier workers are gone', () => {
    return server.log().includes('workers replaced') && !isAnyAlive(earlier);
  });
  await Promise.race([replaced, Promise.all(lanes)]);
  load.isEnough = true;
  await Promise.all(lanes);
  assert.ok(load.answeredCount > 10);
  assert.deepEqual(paths.filter(existsSync), paths);
});

test('a killed worker leaves its file, and its successor takes the path over', async () => {
  for (const pid of server.workerPids()) process.kill(pid, 'SIGKILL');
  for (const path of paths) {
    await waitFor(`${path} answers`, () =>
      verify(path).then(
        (code) => code === 'NOT_FOUND',
        () => false,
      ),
    );
  }
});

test('a server that stops removes its sockets', async () => {
  await server.stop();
  assert.deepEqual(paths.filter(existsSync), []);
});

function isAnyAlive(pids: readonly number[]): boolean {
  return server.workerPids().some((pid) => pids.includes(pid));
}
