/** The workers of a node: how they are forked, what they ask of the primary, what they leave. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/options.ts';
import type { CreditAnswer } from '../domain/credit-answer.ts';
import type { Logger } from '../lib/logger.ts';
import type { CreditBank } from './credit-bank.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { Supervisor } from './supervisor.ts';
import type { WaitingWorkers } from './waiting-workers.ts';

export type WorkerPoolOptions = {
  config: Config;
  /** Where new processes come from. */
  waiting: WaitingWorkers;
  databaseUrl: string;
  clickhouseReaderUrl: string;
  logFormat: WorkerSettings['logFormat'];
  replicaPath(): string;
  /** Resolves when everything committed up to now is in the replica. */
  awaitApplied(): Promise<void>;
  credits: Pick<CreditBank, 'ask' | 'settle'>;
  onSegmentSealed(): void;
  /** A worker had to strip a source of its types. */
  onSourceMissed(): void;
  /** The worker of this name is gone and will never write again. */
  onOwnerGone(owner: string): void;
  logger: Logger;
};

/** Who has not answered yet, by the answer, and whom to tell. */
type Asked = Record<'replica-switched' | 'events-sealed', Map<ChildProcess, () => void>>;

/** What a worker may take on a busy machine besides draining. */
const workerPatienceMs = 30_000;

export class WorkerPool extends Supervisor {
  readonly #options: WorkerPoolOptions;
  readonly #owners: Map<ChildProcess, string>;
  readonly #asked: Asked;

  constructor(options: WorkerPoolOptions) {
    const owners = new Map<ChildProcess, string>();
    const asked: Asked = { 'replica-switched': new Map(), 'events-sealed': new Map() };
    super({
      workerCount: options.config.workers,
      fork: (slot) => startProcess(options, slot, owners),
      onMessage: (worker, message) => this.#receive(worker, message),
      onExit(worker) {
        const owner = owners.get(worker);
        owners.delete(worker);
        for (const waiting of Object.values(asked)) waiting.get(worker)?.();
        if (owner) options.onOwnerGone(owner);
      },
      patienceMs: options.config.drainMs + workerPatienceMs,
      logger: options.logger,
      clock: Date.now,
    });
    this.#options = options;
    this.#owners = owners;
    this.#asked = asked;
  }

  /** Resolves when every worker reads from this file, or is gone. */
  switchReplica(path: string): Promise<void> {
    return this.#askAll({ kind: 'switch-replica', path }, 'replica-switched');
  }

  /** Resolves when all events of up to now can be shipped. Not to be called again before. */
  sealEvents(): Promise<void> {
    return this.#askAll({ kind: 'seal-events' }, 'events-sealed');
  }

  /** Resolves when every worker has answered, or is gone. */
  async #askAll(question: ToWorker, answer: keyof Asked): Promise<void> {
    const waiting = this.#asked[answer];
    const answered = [...this.#owners.keys()].map((worker) => {
      return new Promise<void>((resolve) => {
        waiting.set(worker, () => {
          waiting.delete(worker);
          resolve();
        });
        send(worker, question);
      });
    });
    await Promise.all(answered);
  }

  #receive(worker: ChildProcess, message: FromWorker): void {
    switch (message.kind) {
      case 'await-applied':
        void this.#options
          .awaitApplied()
          .then(() => send(worker, { kind: 'applied', waitId: message.waitId }));
        break;
      case 'ask-credits':
        void this.#options.credits
          .ask(message.keyId, message.cost)
          .then((answer) => answerAsk(worker, message.askId, answer));
        break;
      case 'settle-credits':
        void this.#options.credits
          .settle(message.keyIds)
          .then(() => answerAsk(worker, message.askId, undefined));
        break;
      case 'segment-sealed':
        this.#options.onSegmentSealed();
        break;
      case 'replica-switched':
      case 'events-sealed':
        this.#asked[message.kind].get(worker)?.();
        break;
      case 'listening':
        if (message.missesStripped) this.#options.onSourceMissed();
        break;
      case 'not-listening':
        break;
      default:
        message satisfies never;
    }
  }
}

function startProcess(
  options: WorkerPoolOptions,
  slot: number,
  owners: Map<ChildProcess, string>,
): ChildProcess {
  const worker = options.waiting.take();
  const owner = `worker-${slot}-${randomBytes(6).toString('hex')}`;
  owners.set(worker, owner);
  send(worker, { kind: 'start', settings: settingsOf(options, slot, owner) });
  return worker;
}

function settingsOf(options: WorkerPoolOptions, slot: number, owner: string): WorkerSettings {
  const { config, databaseUrl, clickhouseReaderUrl, logFormat } = options;
  const { host, port, socket, dataDir, bodyBytesMax, spoolBytesMax } = config;
  const { ingestUsersFile, ingestBytesMax } = config;
  const { drainMs, forwardAuthApis, masterKey, logLevel } = config;
  return {
    ...{ slot, owner, host, port, socket, databaseUrl, dataDir, bodyBytesMax, spoolBytesMax },
    ...{ clickhouseReaderUrl, ingestUsersFile, ingestBytesMax },
    ...{ drainMs, forwardAuthApis, masterKey, logLevel, logFormat },
    allowsEngine: config.engine === 'auto',
    replicaPath: options.replicaPath(),
  };
}

function answerAsk(worker: ChildProcess, askId: number, answer: CreditAnswer | undefined): void {
  send(worker, { kind: 'credits-answered', askId, answer });
}

/** A worker that has ended is not told any more. */
function send(worker: ChildProcess, message: ToWorker): void {
  if (worker.connected) worker.send(message, () => {});
}
