import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { probePort } from '../../src/lib/port-probe.ts';

test('a port is free before and after somebody listens on it, and not in between', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(await probePort('127.0.0.1', port), 'EADDRINUSE');
  server.close();
  await once(server, 'close');
  assert.equal(await probePort('127.0.0.1', port), '');
  assert.equal(await probePort('127.0.0.1', port), '');
});

test('an address that this machine does not have is told by its code', async () => {
  assert.equal(await probePort('192.0.2.1', 7070), 'EADDRNOTAVAIL');
});
