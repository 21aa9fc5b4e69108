/**
 * A database connection for a command that runs beside the server or without it: the server that
 * the settings name, else the embedded one, which is started for as long as it is needed when no
 * node is running.
 */

import type { Config } from '../config/options.ts';
import { migrate } from '../control/migrate.ts';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { type Database, openDatabase } from '../lib/database.ts';
import { lockFile } from '../lib/file-lock.ts';
import { silentLogger } from '../lib/logger.ts';
import { makeNodeFolders } from './node-files.ts';
import { readStoreUrls } from './store-urls.ts';

export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  if (config.databaseUrl !== '') return connected(config.databaseUrl, use);
  const files = makeNodeFolders(config.dataDir);
  const lock = lockFile(files.lock);
  if (!lock) {
    const running = readStoreUrls(files.shared);
    if (!running) throw new Error('the server on this data folder is still starting: try again');
    return connected(running.databaseUrl, use);
  }
  try {
    const store = await startEmbeddedPostgres({ folder: files.postgres, logger: silentLogger });
    try {
      return await connected(store.url, use);
    } finally {
      await store.stop();
    }
  } finally {
    lock.release();
  }
}

async function connected<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase(url, { connectionsMax: 2, applicationName: 'latchkey command' });
  try {
    await migrate(database);
    return await use(database);
  } finally {
    await database.end({ timeout: 1 });
  }
}
