/**
 * Waiting that can be cut short: `wait` ends after its time, or as soon as somebody calls `wake`.
 */
export type WakeUp = {
  wait(ms: number): Promise<void>;
  /** Ends the waits of now; later ones are not touched. */
  wake(): void;
};

export function createWakeUp(): WakeUp {
  const sleepers = new Set<() => void>();
  return {
    wait(ms) {
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          sleepers.delete(end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        sleepers.add(end);
      });
    },
    wake() {
      for (const end of [...sleepers]) end();
    },
  };
}
