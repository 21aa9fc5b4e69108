/**
 * The native door of a worker, with uWebSockets.js behind it: what is strange to the door goes to
 * a Unix domain socket that has no name once it listens, so nobody else can connect to it.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { DoorServer } from '../http/door-server.ts';
import type { OnUsualProxy } from '../http/quick-proxy.ts';
import type { RouteTable } from '../http/routes.ts';
import type { Releasers } from '../lib/releasers.ts';
import { type Door, type DoorOptions, openDoor } from '../native/door.ts';

/** A socket of which Linux gives a path that can be connected to, although it has no name. */
const pathOnly = 0o10000000;
const sweepEveryMs = 1000;

export const hasDoors = process.platform === 'linux';

export type InnerSocket = { path: string; close(): void };

/**
 * Listens on a socket in this folder, by `listen`, and takes its name away. The folder is reached
 * by its descriptor, as the path of a socket may only be short.
 */
export async function openInnerSocket(
  folder: string,
  name: string,
  listen: (path: string) => Promise<boolean>,
): Promise<InnerSocket | undefined> {
  const directory = openSync(folder, 'r');
  const path = `/proc/self/fd/${directory}/${name}`;
  try {
    if (!(await listen(path))) return undefined;
    const descriptor = openSync(path, pathOnly);
    unlinkSync(path);
    return { path: `/proc/self/fd/${descriptor}`, close: () => closeSync(descriptor) };
  } finally {
    closeSync(directory);
  }
}

export type WorkerDoorOptions = Pick<DoorOptions, 'engine' | 'answered' | 'innerPath'> & {
  table: RouteTable;
  takeEvent(): void;
};

export type WorkerDoor = Door & { learn: OnUsualProxy };

export function openWorkerDoor(options: WorkerDoorOptions, releasers: Releasers): WorkerDoor {
  const { engine, answered, innerPath, table, takeEvent } = options;
  const listener = new DoorServer(table, takeEvent);
  const door = openDoor({ engine, answered, innerPath, listener });
  listener.serve(door);
  const sweep = () => door.sweep(performance.now() / 1000);
  sweep();
  const sweeping = setInterval(sweep, sweepEveryMs);
  releasers.push('door', () => {
    clearInterval(sweeping);
    door.close();
  });
  const bytes = (text: string) => Buffer.from(text);
  return {
    ...door,
    learn(query, keyHeader, { apiId, permissions, isOpen }) {
      door.learnProxy(bytes(query), bytes(keyHeader), bytes(apiId), bytes(permissions), isOpen);
    },
  };
}
