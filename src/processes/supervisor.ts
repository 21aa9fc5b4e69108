/**
 * Keeps one worker process running in each slot. A worker that dies is replaced at once; one that
 * dies soon after its start, later and later, so that a defect does not become a fork bomb.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Backoff, createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import type { DrainMode, FromWorker, ToWorker } from './messages.ts';

export type SupervisorOptions = {
  workerCount: number;
  /** Starts the process of a slot and sends it its settings. */
  fork(slot: number): ChildProcess;
  onMessage(worker: ChildProcess, message: FromWorker): void;
  /** The process is gone; what it left behind can be taken over. */
  onExit(worker: ChildProcess, slot: number): void;
  logger: Logger;
  clock: () => number;
};

export type Supervisor = {
  /** Resolves when every slot has a worker that listens. */
  start(): Promise<void>;
  /** Starts a second worker beside each one in turn and drains the first when that one listens. */
  replaceAll(): Promise<void>;
  stopAll(): Promise<void>;
  send(message: ToWorker): void;
  workers(): ChildProcess[];
  listeningCount(): number;
  restartCount(): number;
};

type Worker = { process: ChildProcess; slot: number; startedAtMs: number; isListening: boolean };
type Slot = { current: Worker | undefined; backoff: Backoff; timer: NodeJS.Timeout | undefined };

/** Who lived that long is not counted as failing at its start. */
const settledMs = 10_000;
const replaceWaitMs = 30_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { logger, clock } = options;
  const slots: Slot[] = Array.from({ length: options.workerCount }, () => ({
    current: undefined,
    backoff: createBackoff(100, 5000),
    timer: undefined,
  }));
  const alive = new Set<Worker>();
  let isStopping = false;
  let restartCount = 0;

  function launch(slot: number): Worker {
    const worker: Worker = {
      process: options.fork(slot),
      slot,
      startedAtMs: clock(),
      isListening: false,
    };
    alive.add(worker);
    worker.process.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') worker.isListening = true;
      if (message.kind === 'not-listening') worker.isListening = false;
      options.onMessage(worker.process, message);
    });
    worker.process.once('exit', (code, signal) => onExit(worker, signal ?? `code ${code}`));
    // A worker that died has closed its channel: what was on its way to it is of no use any more.
    worker.process.on('error', (error) => logger.debug({ err: error, slot }, 'worker channel'));
    return worker;
  }

  function onExit(worker: Worker, how: string): void {
    alive.delete(worker);
    options.onExit(worker.process, worker.slot);
    const slot = slots[worker.slot] as Slot;
    if (isStopping || slot.current !== worker) return;
    slot.current = undefined;
    restartCount += 1;
    const isSettled = clock() - worker.startedAtMs >= settledMs;
    if (isSettled) slot.backoff.reset();
    const waitMs = isSettled ? 0 : slot.backoff.nextMs();
    logger.warn({ slot: worker.slot, waitMs }, `worker ended (${how}); starting another`);
    slot.timer = setTimeout(() => {
      slot.current = launch(worker.slot);
    }, waitMs);
  }

  async function listening(worker: Worker): Promise<boolean> {
    while (alive.has(worker) && !worker.isListening) {
      await Promise.race([once(worker.process, 'message'), once(worker.process, 'exit')]);
    }
    return worker.isListening;
  }

  async function replace(slot: Slot, index: number): Promise<void> {
    const earlier = slot.current;
    const next = launch(index);
    slot.current = next;
    const isUp = await Promise.race([listening(next), timeout(replaceWaitMs)]);
    if (!isUp) {
      logger.error({ slot: index }, 'the new worker does not listen; the old one goes on');
      slot.current = earlier;
      next.process.kill('SIGKILL');
      return;
    }
    if (earlier) drain(earlier, 'replace');
  }

  function drain(worker: Worker, mode: DrainMode): void {
    if (worker.process.connected) worker.process.send({ kind: 'drain', mode } satisfies ToWorker);
  }

  return {
    async start() {
      for (const [index, slot] of slots.entries()) slot.current = launch(index);
      while (slots.some((slot) => !slot.current?.isListening)) {
        const waiting = slots.map((slot) => slot.current).filter((worker) => worker !== undefined);
        const late = waiting.filter((worker) => !worker.isListening);
        await Promise.race([...late.map(listening), timeout(100)]);
        if (isStopping) return;
      }
    },
    async replaceAll() {
      for (const [index, slot] of slots.entries()) {
        if (!isStopping) await replace(slot, index);
      }
    },
    async stopAll() {
      isStopping = true;
      for (const slot of slots) clearTimeout(slot.timer);
      const gone = [...alive].map((worker) => once(worker.process, 'exit'));
      for (const worker of alive) drain(worker, 'stop');
      await Promise.all(gone);
    },
    send(message) {
      for (const worker of alive) if (worker.process.connected) worker.process.send(message);
    },
    workers: () => [...alive].map((worker) => worker.process),
    listeningCount: () => slots.filter((slot) => slot.current?.isListening).length,
    restartCount: () => restartCount,
  };
}

function timeout(spanMs: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(resolve, spanMs, false).unref();
  });
}
