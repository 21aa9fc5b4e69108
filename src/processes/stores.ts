/**
 * The two databases of a node: the servers that the settings name, or embedded ones that live and
 * die with this process.
 *
 * A verification needs no ClickHouse, whose start takes a processor a second and more: a node that
 * has a copy of the keys waits with it until its workers answer.
 */

import type { Config } from '../config/options.ts';
import { readerUrl } from '../embedded/clickhouse-config.ts';
import {
  embeddedClickhouseUrl,
  findClickhouse,
  startEmbeddedClickhouse,
} from '../embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { publicDatabaseOf } from '../events/schema-text.ts';
import type { Logger } from '../lib/logger.ts';
import { type KeptStore, keepStore, keepStoreLater } from './kept-store.ts';
import type { NodeFiles } from './node-files.ts';

export type Stores = {
  databaseUrl: string;
  clickhouseUrl: string;
  /** For SQL of customers: the views, as the user who can read nothing else if there is one. */
  clickhouseReaderUrl: string;
  /** Resolves when ClickHouse may be asked, or when the stores are stopped before. */
  clickhouseReady: Promise<void>;
  stop(): Promise<void>;
};

type Settings = Pick<Config, 'databaseUrl' | 'clickhouseUrl' | 'clickhouseReaderUrl'>;

export type StoresStart = {
  settings: Settings;
  files: NodeFiles;
  logger: Logger;
  /** Before this ClickHouse is neither started nor asked. Undefined: it is waited for. */
  clickhouseTurn: Promise<void> | undefined;
};

/** Starts what has to be started, side by side. Rejects with a sentence that says what to do. */
export async function startStores(options: StoresStart): Promise<Stores> {
  const { settings, files, logger } = options;
  const kept: KeptStore[] = [];
  const keep = async (starting: Promise<KeptStore>) => {
    const store = await starting;
    kept.push(store);
    return store;
  };
  const postgres = { folder: files.postgres, logger };
  const [database, clickhouse] = await Promise.allSettled([
    settings.databaseUrl || keep(keepStore(startEmbeddedPostgres, postgres)),
    settings.clickhouseUrl || keep(keepClickhouse(options)),
  ]);
  const stop = async () => void (await Promise.all(kept.map((store) => store.stop())));
  for (const store of [database, clickhouse]) {
    if (store.status === 'fulfilled') continue;
    await stop();
    throw store.reason;
  }
  const clickhouseUrl = urlOf(clickhouse);
  return {
    databaseUrl: urlOf(database),
    clickhouseUrl,
    clickhouseReaderUrl: viewsUrl(clickhouseUrl, settings),
    clickhouseReady: readyOf(clickhouse) ?? options.clickhouseTurn ?? Promise.resolve(),
    stop,
  };
}

async function keepClickhouse({
  files,
  logger,
  clickhouseTurn: turn,
}: StoresStart): Promise<KeptStore> {
  const folder = files.clickhouse;
  const options = { folder, logger };
  if (!turn) return keepStore(startEmbeddedClickhouse, options);
  findClickhouse();
  const urlOf = (port: number) => embeddedClickhouseUrl(folder, port);
  return keepStoreLater({ start: startEmbeddedClickhouse, options, urlOf, turn });
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

type Found = PromiseSettledResult<string | KeptStore>;

function urlOf(found: Found): string {
  if (found.status === 'rejected') return '';
  return typeof found.value === 'string' ? found.value : found.value.url;
}

/** Undefined for a server that is not ours to start. */
function readyOf(found: Found): Promise<void> | undefined {
  if (found.status === 'rejected' || typeof found.value === 'string') return undefined;
  return found.value.ready;
}
