import { getSystemErrorName } from 'node:util';

/** A system call has failed: an Error with its `code`, ENOSPC for one, as Node's own have. */
export function systemError(errno: number, call: string, path: string): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${path}: ${code}`), { code, errno: -errno });
}
