import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { processIdentity } from '../../src/embedded/process-identity.ts';
import { waitFor } from '../support/wait-for.ts';

test('a process keeps its identity, and two processes have two', async () => {
  const child = spawn('/bin/sh', ['-c', 'read -r line'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const identity = processIdentity(pid);
  assert.ok(identity);
  assert.equal(processIdentity(pid), identity);
  assert.notEqual(processIdentity(process.ppid), processIdentity(process.pid));
  child.stdin.end();
  await once(child, 'exit');
  assert.equal(processIdentity(pid), undefined);
});

test('a process runs while any thread of it does', async () => {
  // The system call that ends one thread, here the first of several.
  const exitNumber = process.arch === 'x64' ? 60 : 93;
  const script = `require('koffi').load(null).func('long syscall(long, long)')(${exitNumber}, 0)`;
  const child = spawn(process.execPath, ['--eval', script], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const identity = processIdentity(pid);
  const isZombie = () => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  await waitFor('its first thread has ended', isZombie);
  assert.equal(processIdentity(pid), identity);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(processIdentity(pid), undefined);
});
