/**
 * Worker processes that have not been told yet what to do. Nearly all of the start of a worker is
 * loading its modules (0.5 s), which needs no settings: so it goes on while the primary loads its
 * own, and the stores start.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { workerEnvironment } from '../config/worker-environment.ts';

const strippedSources = new URL('../lib/use-stripped-sources.js', import.meta.url).href;
const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

export class WaitingWorkers {
  readonly #waiting: ChildProcess[];

  constructor(count: number) {
    this.#waiting = Array.from({ length: count }, forkWorker);
  }

  /** One of them, or a fresh one when all are taken or gone. */
  take(): ChildProcess {
    for (;;) {
      const worker = this.#waiting.shift();
      if (!worker) return forkWorker();
      if (!isGone(worker)) return worker;
    }
  }

  /** Resolves when those that nobody took have ended. */
  async end(): Promise<void> {
    const ended = this.#waiting.splice(0).map(async (worker) => {
      if (isGone(worker)) return;
      const exited = once(worker, 'exit');
      worker.kill('SIGKILL');
      await exited;
    });
    await Promise.all(ended);
  }
}

/**
 * New objects go round in 2 MiB, which stay in the processor's caches, instead of 16: a
 * verification takes 15 % less user time. Nothing of it lives on.
 */
const youngSpace = '--max-semi-space-size=2';

/**
 * Marking all objects takes 25 ms of processor time, and V8 did it every 5 s under load, by four
 * threads that took the worker's processor for up to 16 ms at a time. So it comes after 32 MiB that
 * have lived on, minutes apart, and is done by the worker itself, in small steps.
 */
const oldSpace = ['--initial-old-space-size=32', '--single-threaded-gc'];

function forkWorker(): ChildProcess {
  return fork(workerFile, [], {
    execArgv: [...process.execArgv, '--import', strippedSources, youngSpace, ...oldSpace],
    env: workerEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
