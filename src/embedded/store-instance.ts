/**
 * Who runs a store's server, kept in a file of its folder, so that the next start knows what it
 * finds: a server whose owner lives is left alone, one whose owner is dead is waited out and then
 * ended. No process is signalled unless its pid and its instant of start are the recorded ones.
 * The record stays when the server ends: what it left behind is its, also when that was a crash.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity.ts';

export type StoreInstance = {
  readonly serverPid: number;
  readonly serverIdentity: string;
  readonly ownerPid: number;
  readonly ownerIdentity: string;
};

/** An orphan is stopping already, because its watcher noticed its owner's death: ask later. */
const selfStopMs = 1_000;
/** PostgreSQL may have much to write before it ends. */
const askedStopMs = 30_000;
const killedMs = 5_000;

export function recordInstance(folder: string, serverPid: number): void {
  const instance: StoreInstance = {
    serverPid,
    serverIdentity: processIdentity(serverPid) ?? '',
    ownerPid: process.pid,
    ownerIdentity: processIdentity(process.pid) ?? '',
  };
  const path = join(folder, 'instance.json');
  writeFileSync(`${path}.new`, JSON.stringify(instance), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/**
 * Returns when no server of an earlier start runs over `folder`: at once, or after an orphan has
 * ended. Gives back the record of the earlier server, which is dead. Throws when it belongs to a
 * living process, or cannot be ended.
 */
export async function settleEarlierInstance(
  folder: string,
  stopSignal: NodeJS.Signals,
): Promise<StoreInstance | undefined> {
  const instance = readInstance(folder);
  if (!instance || !isServerAlive(instance)) return instance;
  if (processIdentity(instance.ownerPid) === instance.ownerIdentity) {
    throw new Error(
      `${folder} is in use by process ${instance.ownerPid}; stop it or choose another data folder`,
    );
  }
  if (await hasEnded(instance, selfStopMs)) return instance;
  process.kill(instance.serverPid, stopSignal);
  if (await hasEnded(instance, askedStopMs)) return instance;
  process.kill(instance.serverPid, 'SIGKILL');
  if (await hasEnded(instance, killedMs)) return instance;
  throw new Error(`${folder} is held by process ${instance.serverPid}, which cannot be ended`);
}

function readInstance(folder: string): StoreInstance | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8')) as StoreInstance;
  } catch {
    return undefined;
  }
}

function isServerAlive({ serverPid, serverIdentity }: StoreInstance): boolean {
  return serverIdentity !== '' && processIdentity(serverPid) === serverIdentity;
}

async function hasEnded(instance: StoreInstance, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isServerAlive(instance)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
