import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { silentLogger } from '../../src/lib/logger.ts';
import type { ToWorker } from '../../src/processes/messages.ts';
import { Supervisor } from '../../src/processes/supervisor.ts';
import { waitFor } from '../support/wait-for.ts';

/** Listens at once and ends as it is told to. */
const good = `
  process.send({ kind: 'listening' });
  process.on('message', ({ kind }) => {
    if (kind === 'drain') process.send({ kind: 'not-listening' }, () => process.exit(0));
  });`;
/** Never listens, and takes no notice of anybody. */
const deaf = 'setInterval(() => {}, 1000); process.on("message", () => {});';
/** Listens and then takes no notice of anybody. */
const stubborn = `process.send({ kind: 'listening' }); ${deaf}`;
const dying = 'process.exit(3);';

type Options = { workerCount?: number; patienceMs?: number; program?: (fork: number) => string };

/** A supervisor of tiny processes; the program of each may depend on how many came before it. */
function supervise({ workerCount = 2, patienceMs = 20_000, program = () => good }: Options = {}) {
  const seen = { forked: [] as number[], ended: [] as ChildProcess[], nowMs: 0 };
  const logged: string[] = [];
  const supervisor = new Supervisor({
    workerCount,
    patienceMs,
    fork(slot) {
      const source = program(seen.forked.length);
      seen.forked.push(slot);
      const node = source === 'missing' ? '/no/such/program' : process.execPath;
      return spawn(node, ['--eval', source], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    },
    onMessage() {},
    onExit: (worker) => seen.ended.push(worker),
    logger: { ...silentLogger, error: (_, message) => logged.push(message) },
    clock: () => seen.nowMs,
  });
  after(() => {
    for (const worker of supervisor.workers()) worker.kill('SIGKILL');
  });
  return { supervisor, seen, logged };
}

const pidsOf = (supervisor: Supervisor) => supervisor.workers().map(({ pid }) => pid);

test('it is started when every slot listens, and stopped when no worker is left', async () => {
  const { supervisor, seen } = supervise({ workerCount: 3 });
  await supervisor.start();
  assert.equal(supervisor.listeningCount(), 3);
  assert.deepEqual(seen.forked, [0, 1, 2]);
  await supervisor.stopAll();
  assert.equal(supervisor.workers().length, 0);
  assert.equal(seen.ended.length, 3);
  assert.equal(supervisor.restartCount(), 0);
});

test('a worker that dies is replaced in its slot, while the others go on', async () => {
  const { supervisor, seen } = supervise();
  await supervisor.start();
  const [first, second] = pidsOf(supervisor);
  seen.nowMs = 60_000;
  process.kill(first as number, 'SIGKILL');
  await waitFor('another listens', () => {
    return supervisor.restartCount() === 1 && supervisor.listeningCount() === 2;
  });
  assert.deepEqual(seen.forked, [0, 1, 0]);
  assert.ok(pidsOf(supervisor).includes(second));
  await supervisor.stopAll();
});

test('one that keeps dying at its start is tried again until it lives', async () => {
  const { supervisor } = supervise({
    ...{ workerCount: 1, program: (fork) => (fork < 3 ? dying : good) },
  });
  await supervisor.start();
  assert.equal(supervisor.restartCount(), 3);
  await supervisor.stopAll();
});

test('a process that cannot be started at all is tried again as well', async () => {
  const { supervisor, seen } = supervise({
    ...{ workerCount: 1, program: (fork) => (fork === 0 ? 'missing' : good) },
  });
  await supervisor.start();
  assert.equal(seen.forked.length, 2);
  await supervisor.stopAll();
});

test('a stop while a worker is awaited ends the waiting, and nothing is started then', async () => {
  const { supervisor, seen } = supervise({ workerCount: 1, program: () => dying });
  const started = supervisor.start();
  await waitFor('it has died', () => supervisor.restartCount() > 0);
  await supervisor.stopAll();
  await started;
  const count = seen.forked.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(seen.forked.length, count);
});

test('all are replaced one by one: there is never a listener less', async () => {
  const { supervisor, seen } = supervise();
  await supervisor.start();
  const before = pidsOf(supervisor);
  let fewest = 2;
  const watch = setInterval(() => {
    fewest = Math.min(fewest, supervisor.listeningCount());
  }, 1);
  await supervisor.replaceAll();
  clearInterval(watch);
  assert.equal(fewest, 2);
  assert.deepEqual(seen.forked, [0, 1, 0, 1]);
  await waitFor('the earlier ones have ended', () => seen.ended.length === 2);
  assert.ok(pidsOf(supervisor).every((pid) => !before.includes(pid)));
  assert.equal(supervisor.restartCount(), 0);
  await supervisor.stopAll();
});

test('who asks twice has all replaced twice, one after the other', async () => {
  const { supervisor, seen } = supervise();
  await supervisor.start();
  await Promise.all([supervisor.replaceAll(), supervisor.replaceAll()]);
  assert.deepEqual(seen.forked, [0, 1, 0, 1, 0, 1]);
  await waitFor('two are left', () => supervisor.workers().length === 2);
  await supervisor.stopAll();
});

test('if the new worker does not listen or dies, the old one goes on', async () => {
  for (const bad of [deaf, dying]) {
    const { supervisor, seen, logged } = supervise({
      ...{ workerCount: 1, patienceMs: 300, program: (fork) => (fork === 1 ? bad : good) },
    });
    await supervisor.start();
    const before = pidsOf(supervisor);
    await supervisor.replaceAll();
    await waitFor('the new one has ended', () => seen.ended.length === 1);
    assert.deepEqual(pidsOf(supervisor), before);
    assert.equal(supervisor.listeningCount(), 1);
    assert.deepEqual(logged, ['a new worker does not listen']);
    await supervisor.stopAll();
    assert.equal(seen.forked.length, 2);
  }
});

test('if meanwhile the old one has died, the slot is started until one listens', async () => {
  const { supervisor, seen } = supervise({
    ...{ workerCount: 1, patienceMs: 400, program: (fork) => (fork === 1 ? deaf : good) },
  });
  await supervisor.start();
  const [old] = pidsOf(supervisor);
  const replaced = supervisor.replaceAll();
  process.kill(old as number, 'SIGKILL');
  await replaced;
  await waitFor('one listens', () => supervisor.listeningCount() === 1);
  assert.equal(supervisor.workers().length, 1);
  assert.equal(seen.forked.length, 3);
  await supervisor.stopAll();
});

test('a worker that takes no notice of its end is killed', async () => {
  const { supervisor, seen } = supervise({
    ...{ workerCount: 1, patienceMs: 300, program: (fork) => (fork === 0 ? stubborn : good) },
  });
  await supervisor.start();
  await supervisor.replaceAll();
  await waitFor('the first is gone', () => seen.ended.length === 1);
  assert.equal(seen.ended[0]?.signalCode, 'SIGKILL');
  await supervisor.stopAll();

  const other = supervise({ workerCount: 1, patienceMs: 300, program: () => stubborn });
  await other.supervisor.start();
  await other.supervisor.stopAll();
  assert.deepEqual(other.logged, ['a worker does not end: killing it']);
});

test('each worker is told how to end: replaced ones by how many listen', async () => {
  const told: ToWorker[] = [];
  const { supervisor } = supervise();
  await supervisor.start();
  for (const worker of supervisor.workers()) {
    const send = worker.send.bind(worker) as (message: ToWorker) => boolean;
    worker.send = ((message: ToWorker) => told.push(message) && send(message)) as never;
  }
  await supervisor.replaceAll();
  assert.deepEqual(told, [
    { kind: 'drain', drain: { mode: 'replace', listenerCount: 3 } },
    { kind: 'drain', drain: { mode: 'replace', listenerCount: 3 } },
  ]);
  await supervisor.stopAll();
});
