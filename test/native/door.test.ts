/** Connections of the native door: answers that come later, callers that leave or do not read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, afterEach, before, test } from 'node:test';
import koffi from 'koffi';
import type { Routes } from '../../src/http/routes.ts';
import type { HttpResponse } from '../../src/http/uws.ts';
import { type DoorSide, echo, openClient, openDoorSide } from '../support/door-world.ts';

const largeBytes = 4 * 2 ** 20;
const large = 'l'.repeat(largeBytes);
let side: DoorSide;
let waiting: HttpResponse[] = [];
let abortedCount = 0;
let largeCount = 0;
const clients: Socket[] = [];

const addRoutes = (routes: Routes) => {
  routes.get('/later', (response) => {
    waiting.push(response);
    response.onAborted(() => {
      abortedCount += 1;
    });
  });
  routes.get('/large', (response) => {
    largeCount += 1;
    response.end(large);
  });
  routes.any('/address', (response) => {
    response.end(Buffer.from(response.getRemoteAddressAsText()));
  });
  routes.any('/*', echo);
};

before(async () => {
  side = await openDoorSide(addRoutes);
});
after(() => side.close());
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await until(() => side.door.connectionCount() === 0);
  waiting = [];
  abortedCount = 0;
});

/** Client and server share this loop. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

const request = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

async function open(): Promise<{ socket: Socket; received(): string; isEnded(): boolean }> {
  const socket = await openClient(side.port);
  clients.push(socket);
  let text = '';
  let isEnded = false;
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
  });
  socket.on('end', () => {
    isEnded = true;
  });
  socket.on('error', () => {});
  return { socket, received: () => text, isEnded: () => isEnded };
}

test('what is asked behind a request that is answered later waits for its turn', async () => {
  const { socket, received } = await open();
  socket.write(request('/later') + request('/first') + request('/later') + request('/second'));
  await until(() => waiting.length === 1);
  assert.equal(received(), '');
  waiting[0]?.end('one');
  await until(() => waiting.length === 2);
  waiting[1]?.end('two');
  await until(() => received().includes('/second'));
  const order = received().match(/one|two|\/first|\/second/g);
  assert.deepEqual(order, ['one', '/first', 'two', '/second']);
});

test('one answer that comes while another connection is served disturbs neither', async () => {
  const [one, other] = [await open(), await open()];
  one.socket.write(request('/later') + request('/behind'));
  await until(() => waiting.length === 1);
  other.socket.write(request('/before') + request('/later') + request('/after'));
  await until(() => waiting.length === 2);
  // Both at once, and in the other order.
  waiting[1]?.end('two');
  waiting[0]?.end('one');
  await until(() => one.received().includes('/behind') && other.received().includes('/after'));
  assert.deepEqual(one.received().match(/one|two|\/behind|\/before/g), ['one', '/behind']);
  assert.deepEqual(other.received().match(/one|two|\/before|\/after/g), [
    '/before',
    'two',
    '/after',
  ]);
});

test('who leaves before the answer is reported, and the answer goes nowhere', async () => {
  const { socket } = await open();
  socket.write(request('/later'));
  await until(() => waiting.length === 1);
  socket.destroy();
  await until(() => abortedCount === 1);
  waiting[0]?.end('late');
  assert.equal(side.door.connectionCount(), 0);
  const another = await open();
  another.socket.write(request('/next'));
  await until(() => another.received().includes('/next'));
  assert.ok(!another.received().includes('late'));
});

test('nothing more is read of who does not take answers', async () => {
  const { socket, received } = await open();
  const count = 40;
  const before = largeCount;
  socket.pause();
  socket.write(request('/large').repeat(count));
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  const asked = largeCount - before;
  assert.ok(
    asked >= 1 && asked < 5,
    `${asked} answers of 4 MiB are held for one who does not read`,
  );
  socket.resume();
  await until(() => received().length >= count * largeBytes);
  assert.equal(largeCount - before, count);
});

test('a body in many pieces and one that is too large for the door are answered', async () => {
  const { socket, received } = await open();
  const post = (size: number) =>
    `POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}`;
  const small = Buffer.from(post(60_000));
  for (let at = 0; at < small.length; at += 1000) {
    socket.write(small.subarray(at, at + 1000));
    await new Promise(setImmediate);
  }
  await until(() => received().endsWith('b"]'));
  const length = received().length;
  socket.write(post(500_000) + request('/behind'));
  await until(() => received().includes('/behind'));
  assert.ok(received().length > length + 500_000);
});

test('who is silent for ten seconds is gone, unless an answer is owed', async () => {
  const start = performance.now() / 1000;
  // The door knows of the time what it is told.
  side.door.sweep(start);
  const [idle, begun, owed, active] = [await open(), await open(), await open(), await open()];
  begun.socket.write('GET /unfinished HTTP/1.1\r\n');
  owed.socket.write(request('/later'));
  await until(() => waiting.length === 1 && side.door.connectionCount() === 4);
  side.door.sweep(start + 9);
  active.socket.write(request('/there'));
  await until(() => active.received().includes('/there'));
  side.door.sweep(start + 12);
  await until(() => idle.isEnded() && begun.isEnded());
  assert.equal(side.door.connectionCount(), 2);
  waiting[0]?.end('owed');
  await until(() => owed.received().includes('owed'));
});

test('the address is that of the caller, and nobody can invent another', async () => {
  const { socket, received } = await open();
  socket.write(request('/address'));
  await until(() => received().endsWith('127.0.0.1'));
  // Strange to the door, so the rest of the connection is for uWebSockets.js.
  socket.write(request('/address', 'X-Strange: \xe9\r\n'));
  await until(() => received().split('127.0.0.1').length === 3);
  const liar = await open();
  const signature = Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex');
  const addresses = Buffer.from([192, 0, 2, 77, 192, 0, 2, 78, 0, 1, 0, 2]);
  liar.socket.write(Buffer.concat([signature, addresses, Buffer.from(request('/address'))]));
  await until(liar.isEnded);
  assert.ok(!liar.received().includes('192.0.2.77'), liar.received());
});

test('an address is told alike by both ways, of either kind', async () => {
  const known = Object.values(networkInterfaces()).flatMap((of) => of ?? []);
  const hasSix = known.some(({ address }) => address === '::1');
  const both = await openDoorSide(addRoutes, hasSix ? '::' : '0.0.0.0');
  try {
    for (const host of hasSix ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      const socket = connect({ host, port: both.port });
      clients.push(socket);
      let text = '';
      socket.setEncoding('latin1').on('data', (piece) => {
        text += piece;
      });
      socket.write(request('/address') + request('/address', 'X-Strange: \xe9\r\n'), 'latin1');
      await until(() => text.split(`\r\n\r\n${host}`).length === 3);
    }
  } finally {
    both.close();
  }
});

test('a call to close closes, and so does every answer while the door is drained', async () => {
  const { socket, received, isEnded } = await open();
  socket.write(request('/last', 'Connection: close\r\n') + request('/not-asked'));
  await until(isEnded);
  assert.match(received(), /\r\nConnection: close\r\n/);
  assert.ok(!received().includes('/not-asked'));
  const draining = await openDoorSide(addRoutes);
  const client = connect(draining.port, '127.0.0.1');
  await once(client, 'connect');
  await until(() => draining.door.connectionCount() === 1);
  draining.door.stopListening();
  draining.door.drain();
  client.write(request('/one') + request('/two'));
  let text = '';
  for await (const piece of client.setEncoding('latin1')) text += piece;
  assert.ok(text.includes('/one') && !text.includes('/two'), text);
  await until(() => draining.door.connectionCount() === 0);
  const refused = connect(draining.port, '127.0.0.1');
  await assert.rejects(once(refused, 'connect'), { code: 'ECONNREFUSED' });
  draining.close();
});

test('without descriptors for more connections, they wait until there are some', async () => {
  const limits = koffi.load('libc.so.6').func('int setrlimit(int, _In_ uint64 *)');
  const read = koffi.load('libc.so.6').func('int getrlimit(int, _Out_ uint64 *)');
  const openFiles = 7;
  const before = [0, 0];
  read(openFiles, before);
  limits(openFiles, [1024, before[1]]);
  const filled: number[] = [];
  try {
    assert.throws(() => {
      for (;;) filled.push(openSync('/dev/null', 'r'));
    }, /EMFILE/);
    // Room for two callers, whom the kernel takes; for nobody at the door.
    for (const descriptor of filled.splice(0, 2)) closeSync(descriptor);
    const sockets = [1, 2].map(() => connect({ host: '127.0.0.1', port: side.port }));
    clients.push(...sockets);
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (let turn = 0; turn < 8; turn += 1) await new Promise(setImmediate);
    assert.equal(side.door.connectionCount(), 0);
  } finally {
    for (const descriptor of filled) closeSync(descriptor);
    limits(openFiles, before);
  }
  side.door.sweep(performance.now() / 1000);
  await until(() => side.door.connectionCount() === 2);
});
