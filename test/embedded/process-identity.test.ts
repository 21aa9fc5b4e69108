import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { processIdentity } from '../../src/embedded/process-identity.ts';

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
