/**
 * A lock that the kernel gives back when its holder dies, however it dies: an flock on a file that
 * stays open. Between processes of one machine.
 */
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { systemError } from './system-error.ts';

const libc = koffi.load(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6');
const flock = libc.func('int flock(int, int)');
const exclusiveWithoutWaiting = 2 | 4;

/** To be released once. */
export type FileLock = { release(): void };

/**
 * undefined when somebody holds it, this process included. Makes the file (mode 0600) if it is not
 * there. Throws an Error with the `code` of the operating system where a file cannot be locked.
 */
export function lockFile(path: string): FileLock | undefined {
  const fd = openSync(path, 'a', 0o600);
  if (flock(fd, exclusiveWithoutWaiting) === 0) return { release: () => closeSync(fd) };
  const errno = koffi.errno();
  closeSync(fd);
  if (errno === constants.errno.EWOULDBLOCK) return undefined;
  throw systemError(errno, 'flock', path);
}
