/**
 * The product as its users run it: `node src/main.js start` with the default settings, its own
 * embedded stores, and only the ports, the folder and the number of workers chosen here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { argumentsOf, childrenOf, withDescendants } from '../support/processes-over.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  allProcessors,
  driverProcessor,
  otherProcessors,
  pin,
  serverProcessor,
} from './processor.ts';

export type ProductOptions = {
  dataDir: string;
  rootKey: string;
  workerCount: number;
  /** Variables, where the defaults will not do. */
  settings: Readonly<Record<string, string>>;
};

export type ProductNode = {
  readonly port: number;
  readonly url: string;
  readonly adminUrl: string;
  readonly options: ProductOptions;
  workerPids(): number[];
  /** The primary and its stores. */
  companionPids(): number[];
  /** Standard error: one JSON object a line. */
  log(): string;
  /** Resolves when its stores are up too, each process on its processor. */
  complete(): Promise<void>;
  /** Has it ship all events of up to now, which takes some time. */
  shipEvents(): void;
  /** Lets primary and stores run on any processor, the first worker's too, while work lasts. */
  whileSpread<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
};

const mainFile = join(import.meta.dirname, '../../src/main.js');
/** With ten million keys the first copy alone takes minutes. */
const startWithinMs = 1_800_000;
const stopWithinMs = 60_000;

/**
 * Resolves when it answers: ClickHouse may still be starting. `onStarted` comes before each process
 * is moved to its processor, as a program is run for that.
 */
export async function startProduct(
  options: ProductOptions,
  onStarted?: (port: number) => Promise<void>,
): Promise<ProductNode> {
  const { dataDir, rootKey, workerCount, settings } = options;
  const [port, adminPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [mainFile, 'start'], {
    env: {
      ...process.env,
      LATCHKEY_DATA_DIR: dataDir,
      LATCHKEY_PORT: String(port),
      LATCHKEY_ADMIN_PORT: String(adminPort),
      LATCHKEY_WORKERS: String(workerCount),
      LATCHKEY_ROOT_KEY: rootKey,
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const isStarted = () => log.includes('"msg":"started"');
  await waitFor('the product starts', () => isOver() || isStarted(), startWithinMs);
  if (isOver()) throw new Error(`the product ended while it started:\n${log}`);
  await onStarted?.(port);
  const workerPids = () => childrenOf(child.pid as number).filter(isWorker);
  const companionPids = () => withDescendants(child.pid as number).filter((pid) => !isWorker(pid));
  pinAll(child.pid as number, workerPids());
  let spreadCount = 0;
  async function whileSpread<T>(work: () => Promise<T>): Promise<T> {
    spreadCount += 1;
    pin(companionPids(), allProcessors);
    try {
      return await work();
    } finally {
      spreadCount -= 1;
      if (spreadCount === 0) pinAll(child.pid as number, workerPids());
    }
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    options,
    workerPids,
    companionPids,
    log: () => log,
    complete: () => whileSpread(() => allConditionsMet(`http://127.0.0.1:${adminPort}/readyz`)),
    shipEvents: () => void child.kill('SIGUSR2'),
    whileSpread,
    async stop() {
      pin(companionPids(), allProcessors);
      await stop(child);
    },
  };
}

async function allConditionsMet(readyUrl: string): Promise<void> {
  await waitFor(
    'all conditions are met',
    async () => {
      const response = await fetch(readyUrl);
      const { conditions } = (await response.json()) as { conditions: { isMet: boolean }[] };
      return conditions.every(({ isMet }) => isMet);
    },
    startWithinMs,
  );
}

function isWorker(pid: number): boolean {
  return argumentsOf(pid).includes('worker.ts');
}

/** The first worker has the measured processor for itself; a second one shares the driver's. */
function pinAll(primaryPid: number, workerPids: readonly number[]): void {
  const [first, ...others] = workerPids;
  pin(withDescendants(primaryPid), otherProcessors);
  pin(first === undefined ? [] : [first], serverProcessor);
  pin(others, driverProcessor);
}

/** The primary ends last: its workers and stores have ended by then. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  const [code] = await exited;
  clearTimeout(force);
  if (code !== 0) throw new Error(`the product did not stop in order (code ${code})`);
}
