/** The life of an embedded store's server, from its spawn to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff } from '../lib/backoff.ts';
import type { EmbeddedStore, EmbeddedStoreOptions, StoreExit } from './embedded-store.ts';
import { type ServerCommand, type ServerProcess, spawnServer } from './server-process.ts';
import { choosePort, openStoreLog, type StoreLog } from './store-folder.ts';
import { recordInstance } from './store-instance.ts';

export type StoreServer = {
  /** For people: 'PostgreSQL'. */
  readonly name: string;
  readonly stopSignal: NodeJS.Signals;
  command(port: number): ServerCommand;
  url(port: number): string;
  /** False while the server is starting: its answer to a real query decides. */
  isReady(url: string): Promise<boolean>;
};

/**
 * A server that ends while it starts is started again: its port may have been taken in between,
 * and what was left by a killed one (a PostgreSQL backend, for one) may need a moment to end.
 */
const startsMax = 4;
/** A large PostgreSQL may have to replay its log after a crash. */
const readyWithinMs = 120_000;
const pollMs = 15;
const stopWithinMs = 30_000;
const lastWordLines = 12;

export async function startStore(
  server: StoreServer,
  options: EmbeddedStoreOptions,
): Promise<EmbeddedStore> {
  const backoff = createBackoff(100, 1_000);
  for (let start = 1; ; start++) {
    const port = await choosePort(options.folder, options.port);
    const attempt = await startOnce(server, options, port);
    if (typeof attempt !== 'string') return attempt;
    if (start === startsMax) {
      throw new Error(`${server.name} in ${options.folder} does not start: ${attempt}`);
    }
    options.logger.debug({ reason: attempt }, `${server.name} ended while it started; again`);
    await sleep(backoff.nextMs());
  }
}

/** A string says how the server ended before it was ready, with the last lines of its log. */
async function startOnce(
  server: StoreServer,
  { folder, logger }: EmbeddedStoreOptions,
  port: number,
): Promise<EmbeddedStore | string> {
  const command = server.command(port);
  const log = openStoreLog(folder);
  const child = spawnServer(command, server.stopSignal, log);
  recordInstance(folder, child.pid);
  const url = server.url(port);
  try {
    if (!(await becomesReady(server, child, url))) return lastWords(await child.exited, log);
    const store = {
      url,
      pid: child.pid,
      exited: child.exited,
      stop: () => stopServer(server, child),
    };
    logger.debug({ pid: child.pid, port }, `${server.name} is ready`);
    return store;
  } catch (error) {
    await stopServer(server, child);
    throw error;
  } finally {
    log.close();
  }
}

/** True once it answers, false when it has ended. Throws when it does neither. */
async function becomesReady(server: StoreServer, child: ServerProcess, url: string) {
  const deadline = performance.now() + readyWithinMs;
  while (!child.exit) {
    if (await server.isReady(url)) return true;
    if (performance.now() > deadline) {
      throw new Error(`${server.name} did not answer within ${readyWithinMs / 1_000} s`);
    }
    await Promise.race([sleep(pollMs), child.exited]);
  }
  return false;
}

async function stopServer(server: StoreServer, child: ServerProcess): Promise<void> {
  if (child.exit) return;
  child.signal(server.stopSignal);
  const force = setTimeout(() => child.signal('SIGKILL'), stopWithinMs);
  await child.exited;
  clearTimeout(force);
}

/** Runs a command over the folder to its end; throws an Error with its last words if it fails. */
export async function runToEnd(name: string, command: ServerCommand, folder: string) {
  const log = openStoreLog(folder);
  const child = spawnServer(command, 'SIGINT', log);
  recordInstance(folder, child.pid);
  const exit = await child.exited;
  const words = lastWords(exit, log);
  log.close();
  if (exit.code !== 0) throw new Error(`${name} in ${folder} failed: ${words}`);
}

function lastWords({ code, signal }: StoreExit, log: StoreLog): string {
  const ending = signal ? `killed by ${signal}` : `exit code ${code}`;
  return `${ending}; the last lines of its log:\n${log.tail(lastWordLines)}`;
}
