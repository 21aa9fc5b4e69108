/** Keys that are being changed while something else is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ChangerArguments } from './key-changer.ts';
import { otherProcessors, pin } from './processor.ts';

export const changesPerSecond = 1000;

export type KeyChanges = {
  /** Resolves with how many were really changed each second: a busy machine may not keep up. */
  stop(): Promise<number>;
};

export function startKeyChanges(databaseUrl: string, keyCount: number): KeyChanges {
  const args: ChangerArguments = [databaseUrl, String(keyCount), String(changesPerSecond)];
  const script = join(import.meta.dirname, 'key-changer.ts');
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  pin(child.pid as number, otherProcessors);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  return {
    async stop() {
      const closed = once(child, 'close');
      child.stdin.end();
      await closed;
      return (JSON.parse(output) as { changedPerSecond: number }).changedPerSecond;
    },
  };
}

/** For a bar whose value was taken under these changes. */
export function changesNote(reachedPerSecond: number): string {
  return `with ${Math.round(reachedPerSecond).toLocaleString('en')} changes/s`;
}
