/**
 * Has the sources kept without their types for the next start, when a process of this node found
 * that one of them was not: see `stripped-sources.js`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

export type SourceKeeper = {
  /** Begins, unless it has been begun before. */
  keep(): void;
  stop(): Promise<void>;
};

const program = fileURLToPath(new URL('../lib/strip-sources.ts', import.meta.url));

export function createSourceKeeper(): SourceKeeper {
  let child: ChildProcess | undefined;
  return {
    keep() {
      child ??= spawnStripper();
    },
    async stop() {
      if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Where the packages cannot be written to it fails, and each start strips for itself. */
function spawnStripper(): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', program];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  child.on('error', () => {});
  if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  return child;
}
