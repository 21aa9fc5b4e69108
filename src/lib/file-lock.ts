/**
 * A lock that the kernel gives back when its holder dies, however it dies: an flock on a file that
 * stays open. Between processes of one machine.
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6');
const flock = libc.func('int flock(int, int)');
const exclusiveWithoutWaiting = 2 | 4;

export type FileLock = { release(): void };

/** undefined when another process holds it. Makes the file (mode 0600) if it is not there. */
export function lockFile(path: string): FileLock | undefined {
  const fd = openSync(path, 'a', 0o600);
  if (flock(fd, exclusiveWithoutWaiting) !== 0) {
    closeSync(fd);
    return undefined;
  }
  return { release: () => closeSync(fd) };
}
