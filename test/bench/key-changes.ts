/** Keys that are being changed while something else is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChangerArguments } from './key-changer.ts';

export const changesPerSecond = 1000;

export type KeyChanges = {
  /** Resolves with how many were really changed each second: a busy machine may not keep up. */
  stop(): Promise<number>;
};

/**
 * Resolves when keys are being changed: what starting the process costs is not part of what is
 * measured beside it.
 */
export async function startKeyChanges(databaseUrl: string, keyCount: number): Promise<KeyChanges> {
  const args: ChangerArguments = [databaseUrl, String(keyCount), String(changesPerSecond)];
  const script = join(import.meta.dirname, 'key-changer.ts');
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), once(child, 'exit')]);
  return {
    async stop() {
      const closed = once(child, 'close');
      child.stdin.end();
      await closed;
      return (JSON.parse(lines.at(-1) ?? '') as { changedPerSecond: number }).changedPerSecond;
    },
  };
}

/** For a bar whose value was taken under these changes. */
export function changesNote(reachedPerSecond: number): string {
  return `with ${Math.round(reachedPerSecond).toLocaleString('en')} changes/s`;
}
