/** A broken promise of our own code: the process crashes and its supervisor starts it again. */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault';
}

/** Throws an AssertionFault unless `condition` holds. Not for input, nor for the outside world. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFault(message);
}

/** The default branch of a switch over a closed set. */
export function unreachable(value: never): never {
  throw new AssertionFault(`unreachable value ${String(value)}`);
}
