/** Where and of what the figures were taken. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { versionOf } from './stand-in.ts';

export type Machine = {
  processor: string;
  processorCount: number;
  memoryGib: number;
  kernel: string;
  node: string;
  compiler: string;
  /** With `+` when the checkout differs from it. */
  commit: string;
  date: string;
};

const projectFolder = join(import.meta.dirname, '../..');

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processorCount: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.versions.node,
    compiler: versionOf('gcc', '--version') ?? 'absent',
    commit: commit(),
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', projectFolder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const isClean = git('status', '--porcelain', '--', 'src', 'native-bench') === '';
    return git('rev-parse', '--short', 'HEAD') + (isClean ? '' : '+');
  } catch {
    return 'unknown';
  }
}
