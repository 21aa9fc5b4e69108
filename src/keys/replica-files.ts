/**
 * Where a node keeps its copy. The copy may be built anew beside the one in use (another database,
 * a pruned change log) and then switched in, so the file has a number, and `CURRENT` names it.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

const currentName = 'CURRENT';
const replicaPattern = /^replica-(\d+)\.mdb$/;

/** The path of the copy in use; undefined before the first one was finished. */
export function currentReplica(folder: string): string | undefined {
  const pointer = join(folder, currentName);
  if (!existsSync(pointer)) return undefined;
  const name = readFileSync(pointer, 'utf8').trim();
  const path = join(folder, name);
  return replicaPattern.test(name) && existsSync(path) ? path : undefined;
}

/** A path that no earlier copy has used. Makes the folder, mode 0700. */
export function nextReplica(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const numbers = readdirSync(folder).map((name) => Number(replicaPattern.exec(name)?.[1] ?? 0));
  return join(folder, `replica-${Math.max(0, ...numbers) + 1}.mdb`);
}

/** Makes `path` the copy in use: from here on a restart opens it. */
export function switchReplica(folder: string, path: string): void {
  const pointer = join(folder, currentName);
  // On the disk before it has its name: after a crash of the machine it must not be empty.
  writeFileSync(`${pointer}.new`, `${basename(path)}\n`, { mode: 0o600, flush: true });
  renameSync(`${pointer}.new`, pointer);
}

/** Removes a copy that nobody has open, and what belongs to it. */
export function removeReplica(path: string): void {
  for (const suffix of ['', '-lock', '-sorting']) rmSync(`${path}${suffix}`, { force: true });
}

/** Removes every copy but the one in use: older ones, and one that was never finished. */
export function removeOtherReplicas(folder: string): void {
  const current = currentReplica(folder);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const base = name.replace(/-(lock|sorting)$/, '');
    if (replicaPattern.test(base) && join(folder, base) !== current) rmSync(path, { force: true });
  }
}
