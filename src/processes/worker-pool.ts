/** The workers of a node: how they are forked, what they ask of the primary, what they leave. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/options.ts';
import type { Logger } from '../lib/logger.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

export type WorkerPoolOptions = {
  config: Config;
  databaseUrl: string;
  logFormat: WorkerSettings['logFormat'];
  replicaPath(): string;
  /** Resolves when everything committed up to now is in the replica. */
  awaitApplied(): Promise<void>;
  onSegmentSealed(): void;
  /** The worker of this name is gone and will never write again. */
  onOwnerGone(owner: string): void;
  logger: Logger;
};

export type WorkerPool = Supervisor & {
  /** Resolves when every worker reads from this file, or is gone. */
  switchReplica(path: string): Promise<void>;
};

const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const owners = new Map<ChildProcess, string>();
  const switching = new Map<ChildProcess, () => void>();

  function settingsOf(slot: number, owner: string): WorkerSettings {
    const { config, databaseUrl, logFormat } = options;
    const { host, port, dataDir, bodyBytesMax, spoolBytesMax, drainMs, logLevel } = config;
    return {
      ...{ slot, owner, host, port, databaseUrl, dataDir, bodyBytesMax, spoolBytesMax },
      ...{ drainMs, logLevel, logFormat, replicaPath: options.replicaPath() },
    };
  }

  function forkWorker(slot: number): ChildProcess {
    const worker = fork(workerFile, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const owner = `worker-${slot}-${randomBytes(6).toString('hex')}`;
    owners.set(worker, owner);
    worker.send({ kind: 'start', settings: settingsOf(slot, owner) } satisfies ToWorker);
    return worker;
  }

  function reply(worker: ChildProcess, message: ToWorker): void {
    if (worker.connected) worker.send(message, () => {});
  }

  function onMessage(worker: ChildProcess, message: FromWorker): void {
    switch (message.kind) {
      case 'await-applied':
        void options
          .awaitApplied()
          .then(() => reply(worker, { kind: 'applied', waitId: message.waitId }));
        break;
      case 'segment-sealed':
        options.onSegmentSealed();
        break;
      case 'replica-switched':
        switching.get(worker)?.();
        break;
      case 'listening':
      case 'not-listening':
        break;
      default:
        message satisfies never;
    }
  }

  function onExit(worker: ChildProcess): void {
    const owner = owners.get(worker);
    owners.delete(worker);
    switching.get(worker)?.();
    if (owner) options.onOwnerGone(owner);
  }

  const supervisor = createSupervisor({
    workerCount: options.config.workers,
    fork: forkWorker,
    onMessage,
    onExit,
    logger: options.logger,
    clock: Date.now,
  });

  return {
    ...supervisor,
    async switchReplica(path) {
      const switched = supervisor.workers().map((worker) => {
        return new Promise<void>((resolve) => {
          switching.set(worker, () => {
            switching.delete(worker);
            resolve();
          });
          reply(worker, { kind: 'switch-replica', path });
        });
      });
      await Promise.all(switched);
    },
  };
}
