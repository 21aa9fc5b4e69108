import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const mainFile = join(import.meta.dirname, '../../src/main.js');
const endsWithinMs = 30_000;

export type Ended = { code: number | null; output: string; complaint: string };

/** Runs a command to its end, with none of the terminal's settings but these. */
export async function runLatchkey(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [mainFile, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: endsWithinMs,
  });
  const exited = once(child, 'exit');
  const texts = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray());
  const [output = '', complaint = ''] = (await Promise.all(texts)).map((chunks) => chunks.join(''));
  const [code] = (await exited) as [number | null];
  return { code, output, complaint };
}
