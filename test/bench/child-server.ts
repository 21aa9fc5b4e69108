/** A server that the benchmark starts, measures and ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '../support/wait-for.ts';
import { pin } from './processor.ts';

export type ChildServer = { pid: number; port: number; stop(): Promise<void> };

export type ChildCommand = {
  command: string;
  args: readonly string[];
  processor: number | string;
  /** Without it, the server tells its port in a first line `port N` on standard output. */
  port?: number;
  environment?: Readonly<Record<string, string>>;
};

const startWithinMs = 60_000;

/** Resolves when it listens; throws with the server's own words when it ends before. */
export async function startChildServer(options: ChildCommand): Promise<ChildServer> {
  const { command, args, processor } = options;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-4000);
    });
  }
  let failure = '';
  child.on('error', (error) => {
    failure = error.message;
  });
  let port = options.port ?? 0;
  const isListening = async () => {
    port ||= Number(/^port (\d+)$/m.exec(output)?.[1] ?? 0);
    return port > 0 && (await answers(port));
  };
  const isOver = () => failure !== '' || child.exitCode !== null || child.signalCode !== null;
  await waitFor(`${command} listens`, async () => isOver() || isListening(), startWithinMs);
  if (isOver()) throw new Error(`${command} ended: ${failure || output}`);
  const pid = child.pid as number;
  pin([pid], processor);
  return { pid, port, stop: () => stop(child) };
}

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(force);
}
