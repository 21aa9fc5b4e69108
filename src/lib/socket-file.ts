/** The file by which a Unix domain socket is found: who may remove it, and when. */
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  renameSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** The kernel takes no longer path; uWebSockets.js would write past the end of its buffer. */
export const socketPathBytesMax = 107;

export function socketPath(path: string, slot: number): string {
  return slot === 0 ? path : `${path}.${slot}`;
}

/**
 * Why a socket cannot be made at `path`, as the end of a sentence; empty when it can. A socket that
 * nobody listens on was left behind and is no obstacle. Anything else there is not ours to remove.
 */
export async function probeSocketFile(path: string): Promise<string> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) return 'something else is there';
  if (found && (await isListening(path))) return 'it is in use by another program';
  try {
    accessSync(dirname(path), constants.W_OK);
    return '';
  } catch (error) {
    return `its folder: ${(error as NodeJS.ErrnoException).code}`;
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export type SocketFile = {
  /** Unless another server has put its own there in the meantime. */
  remove(): void;
};

/**
 * Opens the socket that already listens at `draft` to owner and group, and to nobody else, and
 * moves it to `path`. Whoever connects there reaches it or the one before, at no moment none.
 */
export function publishSocketFile(draft: string, path: string): SocketFile {
  chmodSync(draft, 0o660);
  const own = lstatSync(draft);
  renameSync(draft, path);
  return {
    remove() {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found && isSame(found, own)) unlinkSync(path);
    },
  };
}

/** The inode number alone could have been given out again. */
function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.birthtimeMs === other.birthtimeMs;
}
