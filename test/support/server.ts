/**
 * The whole server as its users run it: `node src/main.js start` in a process group of its own, on
 * free ports and in a folder of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReleasers } from '../../src/lib/releasers.ts';
import { freePort } from './free-port.ts';
import { argumentsOf, childrenOf, processesOver } from './processes-over.ts';
import { testClickhouse, testDatabase } from './stores.ts';
import { waitFor } from './wait-for.ts';

export type TestServerOptions = {
  /** `shared`: databases of its own in the servers of the test run. */
  stores?: 'shared' | 'embedded' | { databaseUrl: string; clickhouseUrl: string };
  workers?: number;
  /** Settings by the names of their variables. */
  settings?: Settings;
};

type Settings = Readonly<Record<string, string>>;

export type TestServer = {
  readonly url: string;
  readonly adminUrl: string;
  /** As it was printed at the first start, or as it was chosen. */
  readonly rootKey: string;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly clickhouseUrl: string;
  /** Of the primary that runs now, or ran last. It leads a process group. */
  readonly pid: number;
  workerPids(): number[];
  /** Standard error since the last start: one JSON object a line. */
  log(): string;
  /** Standard output since the last start. */
  output(): string;
  /** Sends the signal, SIGTERM, and waits for exit code 0 and the end of all that it started. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** The same with SIGINT to the whole process group, as a terminal sends it. */
  stopByCtrlC(): Promise<void>;
  /** Sends the signal to the primary alone and waits for its end. Its children may live on. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Waits, after a kill, until everything that the server has started is gone. */
  nothingRuns(): Promise<void>;
  /** Starts again on the same folder and ports. */
  start(settings?: Settings): Promise<void>;
  /** Stops it, if it runs, and removes folder and databases. Throws if anything else still ran. */
  close(): Promise<void>;
};

const mainFile = join(import.meta.dirname, '../../src/main.js');
/** A first start makes two databases, on two busy cores. */
const startWithinMs = 60_000;
const stopWithinMs = 30_000;

/** Resolves when it says that it is started. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const releasers = createReleasers();
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-server-'));
  releasers.push('folder', () => rmSync(dataDir, { recursive: true }));
  const urls = await storeUrls(options.stores ?? 'shared', releasers);
  const [port, adminPort] = [await freePort(), await freePort()];
  const fixed: Settings = {
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_PORT: String(port),
    LATCHKEY_ADMIN_PORT: String(adminPort),
    LATCHKEY_WORKERS: String(options.workers ?? 2),
    ...(urls.databaseUrl && { LATCHKEY_DATABASE_URL: urls.databaseUrl }),
    ...(urls.clickhouseUrl && { LATCHKEY_CLICKHOUSE_URL: urls.clickhouseUrl }),
    ...options.settings,
  };
  let run = spawnServer(fixed);
  releasers.push('processes', () => endProcesses(run.child, dataDir));
  try {
    await started(run);
    const rootKey = fixed.LATCHKEY_ROOT_KEY ?? (await printedRootKey(run));
    return {
      ...urls,
      url: `http://127.0.0.1:${port}`,
      adminUrl: `http://127.0.0.1:${adminPort}`,
      rootKey,
      dataDir,
      get pid() {
        return run.child.pid as number;
      },
      workerPids: () => childrenOf(run.child.pid as number).filter(isWorker),
      log: () => run.log,
      output: () => run.output,
      stop: (signal = 'SIGTERM') => stop(run, { signal, dataDir }),
      stopByCtrlC: () => stop(run, { signal: 'SIGINT', toGroup: true, dataDir }),
      async kill(signal) {
        run.child.kill(signal);
        await run.exited;
      },
      nothingRuns: () => nothingRuns(dataDir),
      async start(settings = {}) {
        run = spawnServer({ ...fixed, ...settings });
        await started(run);
      },
      async close() {
        try {
          if (!hasEnded(run.child)) await stop(run, { signal: 'SIGTERM', dataDir });
        } finally {
          await releasers.releaseAll();
        }
      },
    };
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

async function storeUrls(
  stores: NonNullable<TestServerOptions['stores']>,
  releasers: ReturnType<typeof createReleasers>,
): Promise<{ databaseUrl: string; clickhouseUrl: string }> {
  if (stores === 'embedded') return { databaseUrl: '', clickhouseUrl: '' };
  if (stores !== 'shared') return stores;
  const database = await testDatabase();
  releasers.push('database', database.close);
  const clickhouse = await testClickhouse();
  releasers.push('ClickHouse database', clickhouse.close);
  return { databaseUrl: database.url, clickhouseUrl: clickhouse.url };
}

type Run = { child: ChildProcess; exited: Promise<unknown>; log: string; output: string };

function spawnServer(settings: Settings): Run {
  const child = spawn(process.execPath, [mainFile, 'start'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const run: Run = { child, exited: once(child, 'exit'), log: '', output: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    run.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    run.log += text;
  });
  return run;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function started(run: Run): Promise<void> {
  const isStarted = () => run.log.includes('"msg":"started"');
  await waitFor('the server is started', () => isStarted() || hasEnded(run.child), startWithinMs);
  if (!isStarted()) throw new Error(`the server ended while it started:\n${run.log}`);
}

async function printedRootKey(run: Run): Promise<string> {
  const key = () => / Root key +(\S+)\n/.exec(run.output)?.[1];
  await waitFor('the root key is printed', () => key() !== undefined);
  return key() as string;
}

function isWorker(pid: number): boolean {
  return argumentsOf(pid).includes('worker.ts');
}

type Stop = { signal: NodeJS.Signals; toGroup?: boolean; dataDir: string };

async function stop({ child, log }: Run, { signal, toGroup, dataDir }: Stop): Promise<void> {
  const pid = child.pid as number;
  process.kill(toGroup ? -pid : pid, signal);
  await waitFor('the server ends', () => hasEnded(child), stopWithinMs);
  if (child.exitCode !== 0) {
    throw new Error(`ended with ${child.signalCode ?? `code ${child.exitCode}`}:\n${log}`);
  }
  await nothingRuns(dataDir);
}

function nothingRuns(dataDir: string): Promise<void> {
  return waitFor('nothing is left running', () => processesOver(dataDir).length === 0);
}

async function endProcesses(child: ChildProcess, dataDir: string): Promise<void> {
  const left = processesOver(dataDir).map((pid) => ({ pid, command: argumentsOf(pid) }));
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await waitFor('the server is gone', () => hasEnded(child) && processesOver(dataDir).length === 0);
  const commands = left.map(({ pid, command }) => `  ${pid} ${command}`);
  if (left.length > 0) throw new Error(`left running, killed:\n${commands.join('\n')}`);
}
