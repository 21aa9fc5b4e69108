/**
 * The one list that decides the order of stopping: whoever brings a thing to life pushes how to end
 * it at once; `releaseAll` runs them last in, first out. One that fails does not keep the others
 * from running; the failures come back as one AggregateError.
 */
export type Releasers = {
  push(name: string, release: () => unknown): void;
  /** Safe to call twice: the second call waits for the first. */
  releaseAll(): Promise<void>;
};

export function createReleasers(onRelease: (name: string) => void = () => {}): Releasers {
  const stack: { name: string; release: () => unknown }[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    const failures: unknown[] = [];
    for (let entry = stack.pop(); entry; entry = stack.pop()) {
      onRelease(entry.name);
      try {
        await entry.release();
      } catch (error) {
        failures.push(new Error(`releasing ${entry.name}`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly');
  }

  return {
    push(name, release) {
      stack.push({ name, release });
    },
    releaseAll() {
      running ??= run();
      return running;
    },
  };
}
