/**
 * The Piscina pool that runs `batch-task.ts`. A thread that dies is replaced by the pool, and its
 * task rejects: the shipper sends the same batch again.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { tasksPerThread } from './batch.ts';
import type { BatchReport, BatchWork } from './batch-task.ts';

export type BatchPool = {
  /** Rejects when the thread died or `signal` aborted, which ends all threads for good. */
  run(work: BatchWork, signal: AbortSignal): Promise<BatchReport>;
  /** Of the threads that live now. */
  readonly threads: readonly { terminate(): Promise<number> }[];
  close(): Promise<void>;
};

/** More lanes than any shipper has. */
const queueMax = 16;

const require = createRequire(import.meta.url);

/** The threads are started for the first batch: their modules take a processor 0.3 s. */
export function createBatchPool(threadCount: number): BatchPool {
  let opened: Piscina<BatchWork, BatchReport> | undefined;
  return {
    async run(work, signal) {
      signal.throwIfAborted();
      opened ??= openPool(threadCount);
      const pool = opened;
      // A signal of the task's own would have the pool run one task at a time.
      const end = () => void pool.destroy();
      signal.addEventListener('abort', end, { once: true });
      try {
        return await pool.run(work);
      } finally {
        signal.removeEventListener('abort', end);
      }
    },
    get threads() {
      return opened?.threads ?? [];
    },
    close: async () => opened?.destroy(),
  };
}

function openPool(threadCount: number): Piscina<BatchWork, BatchReport> {
  const library: typeof import('piscina') = require('piscina');
  return new library.Piscina({
    filename: fileURLToPath(new URL('./batch-task.ts', import.meta.url)),
    minThreads: threadCount,
    maxThreads: threadCount,
    concurrentTasksPerWorker: tasksPerThread,
    // Lanes without a thread wait here, one task each.
    maxQueue: queueMax,
    // 'sync' freezes the thread between two tasks, and with it the sockets that are kept alive.
    atomics: 'disabled',
  });
}
