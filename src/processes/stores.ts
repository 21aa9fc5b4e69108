/**
 * The two databases of a node: the servers that the settings name, or embedded ones that live and
 * die with this process. An embedded store that ends by itself is started again on its port.
 */

import type { Config } from '../config/options.ts';
import { readerUrl } from '../embedded/clickhouse-config.ts';
import { startEmbeddedClickhouse } from '../embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from '../embedded/embedded-store.ts';
import { publicDatabaseOf } from '../events/schema-text.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import type { NodeFiles } from './node-files.ts';

export type Stores = {
  databaseUrl: string;
  clickhouseUrl: string;
  /** For SQL of customers: the views, as the user who can read nothing else if there is one. */
  clickhouseReaderUrl: string;
  stop(): Promise<void>;
};

type Settings = Pick<Config, 'databaseUrl' | 'clickhouseUrl' | 'clickhouseReaderUrl'>;

/** Starts what has to be started, side by side. Rejects with a sentence that says what to do. */
export async function startStores(
  settings: Settings,
  files: NodeFiles,
  logger: Logger,
): Promise<Stores> {
  const kept: KeptStore[] = [];
  const keep = async (start: Start, folder: string) => {
    const store = await keepRunning(start, { folder, logger });
    kept.push(store);
    return store.url;
  };
  const urls = await Promise.allSettled([
    settings.databaseUrl || keep(startEmbeddedPostgres, files.postgres),
    settings.clickhouseUrl || keep(startEmbeddedClickhouse, files.clickhouse),
  ]);
  const stop = async () => void (await Promise.all(kept.map((store) => store.stop())));
  const [databaseUrl, clickhouseUrl] = urls;
  for (const url of urls) {
    if (url.status === 'fulfilled') continue;
    await stop();
    throw url.reason;
  }
  return {
    databaseUrl: urlOf(databaseUrl),
    clickhouseUrl: urlOf(clickhouseUrl),
    clickhouseReaderUrl: viewsUrl(urlOf(clickhouseUrl), settings),
    stop,
  };
}

function viewsUrl(
  clickhouseUrl: string,
  { clickhouseUrl: own, clickhouseReaderUrl }: Settings,
): string {
  const database = decodeURIComponent(new URL(clickhouseUrl).pathname.slice(1)) || 'default';
  const url = new URL(clickhouseReaderUrl || (own === '' ? readerUrl(clickhouseUrl) : own));
  url.pathname = `/${encodeURIComponent(publicDatabaseOf(database))}`;
  return url.href;
}

function urlOf(result: PromiseSettledResult<string>): string {
  return result.status === 'fulfilled' ? result.value : '';
}

type Start = (options: EmbeddedStoreOptions) => Promise<EmbeddedStore>;
type KeptStore = { url: string; stop(): Promise<void> };

async function keepRunning(start: Start, options: EmbeddedStoreOptions): Promise<KeptStore> {
  const { logger, folder } = options;
  const backoff = createBackoff(100, 5000);
  let isStopping = false;
  let store = await start(options);
  const { url } = store;
  const port = Number(new URL(url).port);
  const watching = watch();

  async function watch(): Promise<void> {
    for (;;) {
      const exit = await store.exited;
      if (isStopping) return;
      logger.error({ folder, ...exit }, 'an embedded store ended by itself; starting it again');
      const next = await startAgain();
      if (!next) return;
      store = next;
    }
  }

  async function startAgain(): Promise<EmbeddedStore | undefined> {
    while (!isStopping) {
      try {
        const next = await start({ ...options, port });
        backoff.reset();
        return next;
      } catch (error) {
        logger.error({ folder, err: error }, 'an embedded store does not start');
        await new Promise((resolve) => setTimeout(resolve, backoff.nextMs()));
      }
    }
    return undefined;
  }

  return {
    url,
    async stop() {
      isStopping = true;
      await store.stop();
      await watching;
      await store.stop();
    },
  };
}
