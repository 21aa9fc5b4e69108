import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `holds` is true, at most `withinMs`; then throws an Error that names `condition`. */
export async function waitFor(
  condition: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${condition}: not within ${withinMs} ms`);
    await sleep(10);
  }
}
