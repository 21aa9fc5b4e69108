/** The native part of a worker, where it was built: `native/module.c` says what is in it. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const modulePath = fileURLToPath(new URL('../../native/build/latchkey.node', import.meta.url));

/**
 * The functions of it that `Functions` names. Undefined where it was not built, or for another
 * machine or another Node.
 */
export function loadNative<Functions>(path: string = modulePath): Functions | undefined {
  try {
    return createRequire(import.meta.url)(path) as Functions;
  } catch {
    return undefined;
  }
}
