/** The floor in C, over HTTP and in a loop: see native-bench. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchWorld, replicaPath } from './bench-world.ts';
import { type ChildServer, startChildServer } from './child-server.ts';
import { nativeFolder } from './load.ts';
import { serverProcessor } from './processor.ts';

/** Builds what has changed; throws with the compiler's words, or with what is missing. */
export function buildNative(): void {
  const folder = join(nativeFolder, '..');
  execFileSync('make', ['-s', '-C', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Reads the replica of the product, which may be running. */
export async function startNativeFloor(world: BenchWorld, folder: string): Promise<ChildServer> {
  return startChildServer({
    command: join(nativeFolder, 'floor-http'),
    args: floorArguments(world, folder),
    processor: serverProcessor,
  });
}

/** The same job without HTTP: µs for each verification. */
export function measureFloorLoop(
  world: BenchWorld,
  folder: string,
  { bodyFile, seconds }: { bodyFile: string; seconds: number },
): number {
  const output = execFileSync(
    'taskset',
    [
      ...['-c', String(serverProcessor), join(nativeFolder, 'floor-loop')],
      ...floorArguments(world, folder),
      ...['--root-key', world.rootKey, '--body', bodyFile, '--keys', String(world.keyCount)],
      ...['--seconds', String(seconds)],
    ],
    { encoding: 'utf8' },
  );
  const { verifications, valid, ns } = JSON.parse(output) as Record<string, number>;
  if (verifications !== valid) throw new Error(`the floor's loop refused keys: ${output}`);
  return (ns as number) / 1000;
}

function floorArguments(world: BenchWorld, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const replica = replicaPath(world.dataDir);
  return ['--replica', replica, '--folder', folder, '--limit-slots', String(world.limitSlots)];
}
