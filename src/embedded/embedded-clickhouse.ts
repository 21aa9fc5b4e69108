/**
 * A real ClickHouse from an npm package, for a start without any set-up: the engine is libchdb,
 * its HTTP port on 127.0.0.1 speaks to the same client as any ClickHouse server.
 *
 * It stops at once, without a word to the engine: tables of its `Atomic` databases are whole after
 * any kill, an insert that was acknowledged is in the page cache, and one that was cut can be sent
 * again (see `mend-deduplication-logs.ts`).
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Logger } from '../lib/logger.ts';
import { nodeHttp } from '../lib/node-http.ts';
import { clickhousePath, writeClickhouseFiles } from './clickhouse-config.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from './embedded-store.ts';
import { mendDeduplicationLogs } from './mend-deduplication-logs.ts';
import { startStore } from './start-store.ts';
import { keptPassword, openStoreFolder } from './store-folder.ts';
import { settleEarlierInstance } from './store-instance.ts';

const require = createRequire(import.meta.url);
const childPath = join(import.meta.dirname, 'clickhouse-child.ts');

export async function startEmbeddedClickhouse(
  options: EmbeddedStoreOptions,
): Promise<EmbeddedStore> {
  const { folder, logger } = options;
  const library = findClickhouse();
  openStoreFolder(folder);
  await settleEarlierInstance(folder, 'SIGTERM');
  const password = keptPassword(folder);
  return startStore(
    {
      name: 'ClickHouse',
      stopSignal: 'SIGTERM',
      command(port) {
        const args = writeClickhouseFiles({ folder, password }, port);
        // Before each try: the server of the last one may have taken inserts.
        mend(folder, logger);
        const flags = ['--disable-warning=ExperimentalWarning'];
        return {
          program: process.execPath,
          args: [...flags, childPath, library, ...args],
          // Events wait in the spool. What is to be refused from now on must not wait for them.
          canWait: true,
        };
      },
      url: (port) => addressOf(password, port),
      isReady,
    },
    options,
  );
}

function mend(folder: string, logger: Logger): void {
  const lines = mendDeduplicationLogs(clickhousePath(folder));
  if (lines === 0) return;
  logger.info({ lines }, 'ClickHouse was killed within an insert; its next try will count');
}

/** The address that the store of this folder has when it runs on this port. A secret. */
export function embeddedClickhouseUrl(folder: string, port: number): string {
  return addressOf(keptPassword(folder), port);
}

function addressOf(password: string, port: number): string {
  return `http://latchkey:${password}@127.0.0.1:${port}/latchkey`;
}

/**
 * The path of the library. Throws one sentence with the remedy where there is no package for this
 * platform.
 */
export function findClickhouse(): string {
  const platform = `${process.platform}-${process.arch}`;
  const suffix = process.platform === 'linux' ? '-gnu' : '';
  try {
    const manifest = require.resolve(`@chdb/lib-${platform}${suffix}/package.json`);
    return join(dirname(manifest), 'libchdb.so');
  } catch {
    throw new Error(
      `there is no embedded ClickHouse for ${platform}: set LATCHKEY_CLICKHOUSE_URL to a ` +
        'ClickHouse of your own, or install the optional packages (npm ci --include=optional)',
    );
  }
}

/** One request on a connection of its own, so that nothing stays open. */
function isReady(url: string): Promise<boolean> {
  const { hostname, port, username, password } = new URL(url);
  const auth = `${username}:${password}`;
  const path = `/?query=${encodeURIComponent('SELECT 1')}`;
  return new Promise((resolve) => {
    const probe = nodeHttp.request({ hostname, port, auth, path, agent: false }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode === 200));
    });
    probe.setTimeout(5_000, () => probe.destroy());
    probe.once('error', () => resolve(false));
    probe.end();
  });
}
