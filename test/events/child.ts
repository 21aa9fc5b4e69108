import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export type TestChild = {
  /** Lines on standard output up to now. */
  readonly lines: readonly string[];
  /** Ends it with SIGKILL and waits until it is gone and all its output is read. */
  kill(): Promise<void>;
};

/** Starts a script of this folder; its errors go to our own standard error. */
export function startChild<Arguments extends readonly string[]>(
  script: string,
  args: Arguments,
): TestChild {
  const path = new URL(script, import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    const parts = (rest + bytes.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(part);
  });
  const closed = once(child, 'close');
  return {
    lines,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
