import type { Logger } from './logger.ts';

/** For what strangers can cause as often as they like: it is logged, but cannot fill a disk. */
export type SparseWarnings = {
  /** Logs the warning, unless one was logged less than `intervalMs` ago; then it is counted. */
  warn(fields: object, message: string): void;
};

export function createSparseWarnings(
  logger: Logger,
  intervalMs: number,
  clock: () => number,
): SparseWarnings {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  let unloggedCount = 0;
  return {
    warn(fields, message) {
      const nowMs = clock();
      if (nowMs < nextAtMs) {
        unloggedCount += 1;
        return;
      }
      logger.warn(unloggedCount === 0 ? fields : { ...fields, unloggedCount }, message);
      nextAtMs = nowMs + intervalMs;
      unloggedCount = 0;
    },
  };
}
