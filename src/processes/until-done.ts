import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from '../lib/backoff.ts';

export type Attempts<T> = {
  work(): Promise<T>;
  /** Told of each failure; true when trying again is of no use. */
  onFailure(error: unknown): boolean;
  signal: AbortSignal;
};

const firstWaitMs = 200;
const waitLimitMs = 5000;

/**
 * Tries until it works: for what a node needs of a server that may be away at its start. Rejects
 * when a failure is final, or when `signal` aborts.
 */
export async function untilDone<T>({ work, onFailure, signal }: Attempts<T>): Promise<T> {
  const backoff = createBackoff(firstWaitMs, waitLimitMs);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (onFailure(error)) throw error;
    }
    await sleep(backoff.nextMs(), undefined, { signal });
  }
}
