import { randomInt } from 'node:crypto';
import { probePort } from '../../src/lib/port-probe.ts';

/**
 * A port of 127.0.0.1 that nobody uses, below those that the kernel gives to outgoing connections:
 * one of these could be taken by any client while the server that owns it is being restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if ((await probePort('127.0.0.1', port)) === '') return port;
  }
}
