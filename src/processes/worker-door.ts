/**
 * The native door of a worker, with uWebSockets.js behind it: what is strange to the door goes to
 * a Unix domain socket that has no name once it listens, so nobody else can connect to it.
 */
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

type Listen = (path: string) => Promise<boolean>;

/**
 * Listens on a socket, by `listen`, and takes its name away: in this folder, or where a file system
 * cannot have sockets, such as some that a container shares with its host, among temporary files.
 */
export async function openInnerSocket(
  folder: string,
  name: string,
  listen: Listen,
): Promise<InnerSocket | undefined> {
  const inner = await openNameless(folder, name, listen);
  if (inner) return inner;
  const own = mkdtempSync(join(tmpdir(), 'latchkey-'));
  try {
    return await openNameless(own, name, listen);
  } finally {
    rmSync(own, { recursive: true });
  }
}

/** The folder is reached by its descriptor, as the path of a socket may only be short. */
async function openNameless(
  folder: string,
  name: string,
  listen: Listen,
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
