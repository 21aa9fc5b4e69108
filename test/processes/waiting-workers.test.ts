import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { WaitingWorkers } from '../../src/processes/waiting-workers.ts';
import { argumentsOf, childrenOf } from '../support/processes-over.ts';
import { waitFor } from '../support/wait-for.ts';

function isRunning({ pid }: ChildProcess): boolean {
  try {
    return process.kill(pid as number, 0);
  } catch {
    return false;
  }
}

async function end(...workers: ChildProcess[]): Promise<void> {
  for (const worker of workers) {
    const exited = once(worker, 'exit');
    worker.kill('SIGKILL');
    await exited;
  }
}

test('each process is given out once, and then fresh ones', async () => {
  const waiting = new WaitingWorkers(2);
  const taken = [waiting.take(), waiting.take(), waiting.take()];
  assert.equal(new Set(taken.map(({ pid }) => pid)).size, 3);
  await waiting.end();
  assert.ok(taken.every(isRunning));
  await end(...taken);
});

test('one that has died while it waited is not given out', async () => {
  const waiting = new WaitingWorkers(1);
  const [pid] = childrenOf(process.pid).filter((child) => argumentsOf(child).includes('worker.ts'));
  process.kill(pid as number, 'SIGKILL');
  // Reaped, so that this process knows of it.
  await waitFor('the process is gone', () => !existsSync(`/proc/${pid}`));
  const fresh = waiting.take();
  assert.notEqual(fresh.pid, pid);
  assert.ok(isRunning(fresh));
  await end(fresh);
});

test('those that nobody took end', async () => {
  const waiting = new WaitingWorkers(2);
  await waiting.end();
  const fresh = waiting.take();
  assert.ok(isRunning(fresh));
  await end(fresh);
});

test('one that waits ends by itself when the process that made it goes', async () => {
  const waiting = new WaitingWorkers(1);
  const worker = waiting.take();
  const exited = once(worker, 'exit');
  worker.disconnect();
  const [code] = await exited;
  assert.equal(code, 0);
});
