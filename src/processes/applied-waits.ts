/** A worker's side of reading one's own writes: who waits for the replica to have caught up. */

export type AppliedWaits = {
  /** True when the replica has all that was committed before the call; false when it is late. */
  wait(): Promise<boolean>;
  resolve(waitId: number): void;
};

/** Longer than any healthy replication, shorter than any caller's patience. */
const waitMs = 2000;

export function createAppliedWaits(ask: (waitId: number) => void): AppliedWaits {
  const waiting = new Map<number, (isApplied: boolean) => void>();
  let lastId = 0;

  function settle(waitId: number, isApplied: boolean): void {
    waiting.get(waitId)?.(isApplied);
    waiting.delete(waitId);
  }

  return {
    wait() {
      lastId += 1;
      const waitId = lastId;
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(waitId, false), waitMs);
        waiting.set(waitId, (isApplied) => {
          clearTimeout(timer);
          resolve(isApplied);
        });
        ask(waitId);
      });
    },
    resolve: (waitId) => settle(waitId, true),
  };
}
