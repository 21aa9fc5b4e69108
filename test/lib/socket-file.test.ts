import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { probeSocketFile, publishSocketFile } from '../../src/lib/socket-file.ts';

let folder: string;
let path: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-socket-'));
  path = join(folder, 'socket');
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

async function listen(at: string): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  await once(server.listen(at), 'listening');
}

test('a path where nothing is, or where a socket was left behind, can be listened on', async () => {
  assert.equal(await probeSocketFile(path), '');
  await listen(`${path}~`);
  publishSocketFile(`${path}~`, path);
  for (const server of servers.splice(0)) server.close();
  assert.ok(existsSync(path), 'the file is left behind');
  assert.equal(await probeSocketFile(path), '');
});

test('a path that is in use or holds no socket is refused with the reason', async () => {
  writeFileSync(path, 'precious');
  assert.equal(await probeSocketFile(path), 'something else is there');
  assert.equal(await probeSocketFile(folder), 'something else is there');
  await listen(join(folder, 'busy'));
  assert.equal(await probeSocketFile(join(folder, 'busy')), 'it is in use by another program');
  assert.equal(await probeSocketFile(join(folder, 'no', 'such')), 'its folder: ENOENT');
});

test('a published socket is open to owner and group alone', async () => {
  await listen(`${path}~`);
  chmodSync(`${path}~`, 0o777);
  publishSocketFile(`${path}~`, path);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.ok(!existsSync(`${path}~`));
});

test('a server that ends removes its own socket and never its successor’s', async () => {
  await listen(`${path}~`);
  const first = publishSocketFile(`${path}~`, path);
  await listen(`${path}~`);
  const second = publishSocketFile(`${path}~`, path);
  first.remove();
  assert.equal(await probeSocketFile(path), 'it is in use by another program');
  second.remove();
  assert.ok(!existsSync(path));
  second.remove();
});
