import { once } from 'node:events';
import { copyLastUses } from '../control/last-used.ts';
import { type Clickhouse, createClickhouse } from '../events/clickhouse.ts';
import { readLastUsedKeys } from '../events/last-used-keys.ts';
import { createBackoff } from '../lib/backoff.ts';
import { type Database, openDatabase } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';
import { Wakeable } from './wakeable.ts';

export type LastUsedLoopOptions = {
  databaseUrl: string;
  clickhouseUrl: string;
  clickhouseReady: Promise<void>;
  logger: Logger;
  /** With the way of an event to ClickHouse, some seconds, well within a minute. */
  everyMs?: number;
};

const requestTimeoutMs = 60_000;
const defaultEveryMs = 20_000;
/** Where millions of keys are in use, a tenth of the time at most is spent on it. */
const pausesPerCopy = 9;

/** Keeps `lastUsedAt` of keys up to date. Every node runs one; they do not do it twice. */
export function startLastUsedLoop(options: LastUsedLoopOptions, releasers: Releasers): void {
  const { databaseUrl, clickhouseUrl: url } = options;
  const database = openDatabase(databaseUrl, {
    // One holds the lock, the other copies.
    connectionsMax: 2,
    applicationName: 'latchkey last use',
    idleSeconds: 60,
  });
  releasers.push('database of last uses', () => database.end({ timeout: 1 }));
  let client: Clickhouse | undefined;
  releasers.push('ClickHouse of last uses', () => client?.close());
  const clickhouse = () => {
    client ??= createClickhouse({ url, requestTimeoutMs, connectionsMax: 1 });
    return client;
  };
  const loop = new LastUsedLoop(options, { database, clickhouse });
  releasers.push('last uses', () => loop.stop());
}

/** ClickHouse is connected to when there is somebody to ask. */
type LoopStores = { database: Database; clickhouse(): Clickhouse };

class LastUsedLoop {
  readonly #options: LastUsedLoopOptions;
  readonly #stores: LoopStores;
  readonly #stopping = new AbortController();
  readonly #pause = new Wakeable();
  readonly #backoff = createBackoff(500, defaultEveryMs);
  readonly #running: Promise<void>;

  constructor(options: LastUsedLoopOptions, stores: LoopStores) {
    this.#options = options;
    this.#stores = stores;
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pause.wake();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { logger, clickhouseReady, everyMs = defaultEveryMs } = this.#options;
    const { database, clickhouse } = this.#stores;
    const { signal } = this.#stopping;
    const readSince = (notedAt: number) => readLastUsedKeys(clickhouse(), notedAt);
    await Promise.race([clickhouseReady, once(signal, 'abort')]);
    while (!signal.aborted) {
      try {
        const startedAtMs = performance.now();
        await copyLastUses(database, readSince, signal);
        this.#backoff.reset();
        const tookMs = performance.now() - startedAtMs;
        await this.#pause.wait(Math.max(everyMs, pausesPerCopy * tookMs));
      } catch (error) {
        // Either store may be away, or without its tables yet.
        logger.debug({ err: error }, 'last uses of keys are not copied now');
        await this.#pause.wait(this.#backoff.nextMs());
      }
    }
  }
}
