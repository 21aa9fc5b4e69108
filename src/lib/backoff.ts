/**
 * Waiting times between tries: doubled from `firstMs` up to `limitMs`, each with up to a quarter of
 * itself taken off at random, so that many processes do not knock on a returning server together.
 */
export type Backoff = {
  /** The wait before the next try, in ms. */
  nextMs(): number;
  /** To be called after a success: the next wait is `firstMs` again. */
  reset(): void;
};

export function createBackoff(firstMs: number, limitMs: number, random = Math.random): Backoff {
  let waitMs = firstMs;
  return {
    nextMs() {
      const current = waitMs;
      waitMs = Math.min(waitMs * 2, limitMs);
      return Math.round(current * (1 - random() / 4));
    },
    reset() {
      waitMs = firstMs;
    },
  };
}
