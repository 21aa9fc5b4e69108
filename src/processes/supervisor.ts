/**
 * Keeps one worker process running in each slot. A worker that dies is replaced at once; one that
 * dies soon after its start, later and later, so that a defect does not become a fork bomb.
 */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { type Backoff, createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import type { Drain, FromWorker, ToWorker } from './messages.ts';

export type SupervisorOptions = {
  workerCount: number;
  /** Starts the process of a slot and sends it its settings. */
  fork(slot: number): ChildProcess;
  onMessage(worker: ChildProcess, message: FromWorker): void;
  /** The process is gone; what it left behind can be taken over. */
  onExit(worker: ChildProcess): void;
  /** How long a worker may take to listen, to let go of its port, or to end; then it is killed. */
  patienceMs: number;
  logger: Logger;
  clock: () => number;
};

type Worker = { process: ChildProcess; slot: number; startedAtMs: number; isListening: boolean };
type Slot = { current: Worker | undefined; backoff: Backoff; timer: NodeJS.Timeout | undefined };

/** Who lived that long is not counted as failing at its start. */
const settledMs = 10_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: Slot[];
  readonly #alive = new Set<Worker>();
  /** Tells of every worker that begins to listen or ends. */
  readonly #changes = new EventEmitter();
  #replacing: Promise<void> = Promise.resolve();
  #isStopping = false;
  #restartCount = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workerCount }, () => ({
      current: undefined,
      backoff: createBackoff(100, 5000),
      timer: undefined,
    }));
  }

  /** Resolves when every slot has a worker that listens, or when it is all being stopped. */
  async start(): Promise<void> {
    for (const [index, slot] of this.#slots.entries()) slot.current = this.#launch(index);
    const isUp = () => this.listeningCount() === this.#slots.length;
    while (!isUp() && !this.#isStopping) await once(this.#changes, 'change');
  }

  /**
   * Starts a second worker beside each one in turn and drains the first when that one listens. If
   * all are being replaced already, they are replaced once more after that.
   */
  replaceAll(): Promise<void> {
    const earlier = this.#replacing.catch(() => {});
    this.#replacing = earlier.then(async () => {
      for (const [index, slot] of this.#slots.entries()) {
        if (!this.#isStopping) await this.#replace(slot, index);
      }
    });
    return this.#replacing;
  }

  /** Resolves when every worker has ended. */
  async stopAll(): Promise<void> {
    this.#isStopping = true;
    for (const slot of this.#slots) clearTimeout(slot.timer);
    for (const worker of this.#alive) end(worker, { mode: 'stop' });
    this.#changes.emit('change');
    await this.#patience(() => this.#alive.size === 0);
    for (const { process, slot } of this.#alive) {
      this.#options.logger.error({ slot }, 'a worker does not end: killing it');
      process.kill('SIGKILL');
    }
    while (this.#alive.size > 0) await once(this.#changes, 'change');
  }

  workers(): ChildProcess[] {
    return [...this.#alive].map((worker) => worker.process);
  }

  /** Slots for which somebody listens, if only the one that is being replaced. */
  listeningCount(): number {
    const listening = [...this.#alive].filter((worker) => worker.isListening);
    return new Set(listening.map((worker) => worker.slot)).size;
  }

  restartCount(): number {
    return this.#restartCount;
  }

  #launch(slot: number): Worker {
    const { fork, onMessage, clock, logger } = this.#options;
    const worker = { process: fork(slot), slot, startedAtMs: clock(), isListening: false };
    this.#alive.add(worker);
    worker.process.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') worker.isListening = true;
      if (message.kind === 'not-listening') worker.isListening = false;
      this.#changes.emit('change');
      onMessage(worker.process, message);
    });
    worker.process.once('exit', (code, signal) => this.#end(worker, signal ?? `code ${code}`));
    worker.process.on('error', (error) => {
      // A process that could not be started has no number, and no exit to tell of.
      if (worker.process.pid === undefined) this.#end(worker, error.message);
      // A worker that died has closed its channel: what was on its way to it is of no use any more.
      else logger.debug({ err: error, slot }, 'worker channel');
    });
    return worker;
  }

  #end(worker: Worker, how: string): void {
    this.#alive.delete(worker);
    this.#options.onExit(worker.process);
    this.#changes.emit('change');
    const slot = this.#slots[worker.slot] as Slot;
    if (this.#isStopping || slot.current !== worker) return;
    slot.current = undefined;
    this.#restartCount += 1;
    this.#relaunch(slot, worker, how);
  }

  #relaunch(slot: Slot, worker: Worker, how: string): void {
    const { clock, logger } = this.#options;
    const isSettled = clock() - worker.startedAtMs >= settledMs;
    if (isSettled) slot.backoff.reset();
    const waitMs = isSettled ? 0 : slot.backoff.nextMs();
    logger.warn({ slot: worker.slot, waitMs }, `worker ended (${how}); starting another`);
    slot.timer = setTimeout(() => {
      slot.current = this.#launch(worker.slot);
    }, waitMs);
  }

  async #replace(slot: Slot, index: number): Promise<void> {
    const { logger } = this.#options;
    clearTimeout(slot.timer);
    const earlier = slot.current;
    const next = this.#launch(index);
    slot.current = next;
    await this.#patience(() => next.isListening || !this.#alive.has(next));
    if (next.isListening) return this.#retire(earlier);
    if (this.#isStopping) return;
    const isServed = earlier !== undefined && this.#alive.has(earlier);
    logger.error({ slot: index, isServed }, 'a new worker does not listen');
    if (isServed) {
      clearTimeout(slot.timer);
      slot.current = earlier;
    }
    next.process.kill('SIGKILL');
  }

  /** Resolves when the worker takes no connections any more: only one at a time may leave. */
  async #retire(worker: Worker | undefined): Promise<void> {
    if (!worker) return;
    const listenerCount = [...this.#alive].filter((one) => one.isListening).length;
    end(worker, { mode: 'replace', listenerCount });
    const isHolding = () => this.#alive.has(worker) && worker.isListening;
    await this.#patience(() => !isHolding());
    if (isHolding()) worker.process.kill('SIGKILL');
  }

  /** Waits until it holds, but no longer than a worker may take. */
  async #patience(holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.patienceMs);
    while (!holds() && !signal.aborted) {
      await once(this.#changes, 'change', { signal }).catch(() => {});
    }
  }
}

function end(worker: Worker, drain: Drain): void {
  if (!worker.process.connected) return;
  worker.process.send({ kind: 'drain', drain } satisfies ToWorker, () => {});
}
