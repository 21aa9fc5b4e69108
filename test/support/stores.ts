/**
 * A database of its own for each test file, in the servers that `test/run.ts` has started. A test
 * file that is run alone starts the server itself and stops it with its last database.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { startEmbeddedClickhouse } from '../../src/embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from '../../src/embedded/embedded-store.ts';
import { openDatabase } from '../../src/lib/database.ts';
import { silentLogger } from '../../src/lib/logger.ts';

export type TestDatabase = { url: string; close(): Promise<void> };
export type TestClickhouse = { url: string; database: string; close(): Promise<void> };

/** An empty PostgreSQL database; `close` drops it, connections or not. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await postgres.acquire();
  const database = newName();
  await onPostgres(server.url, `create database ${database}`);
  return {
    url: withDatabase(server.url, database),
    async close() {
      await onPostgres(server.url, `drop database ${database} with (force)`);
      await server.release();
    },
  };
}

/** An empty ClickHouse database, named in the URL's path too; `close` drops it. */
export async function testClickhouse(): Promise<TestClickhouse> {
  const server = await clickhouse.acquire();
  const database = newName();
  await onClickhouse(server.url, `create database ${database}`);
  return {
    url: withDatabase(server.url, database),
    database,
    async close() {
      await onClickhouse(server.url, `drop database if exists public_${database} sync`);
      await onClickhouse(server.url, `drop database ${database} sync`);
      await server.release();
    },
  };
}

const postgres = sharedServer(process.env.LATCHKEY_TEST_DATABASE_URL, startEmbeddedPostgres);
const clickhouse = sharedServer(process.env.LATCHKEY_TEST_CLICKHOUSE_URL, startEmbeddedClickhouse);

type Server = { url: string; release(): Promise<void> };

/** The running server at `url`, or one of our own that lives from its first user to its last. */
function sharedServer(
  url: string | undefined,
  start: (options: EmbeddedStoreOptions) => Promise<EmbeddedStore>,
): { acquire(): Promise<Server> } {
  let starting: Promise<{ store: EmbeddedStore; folder: string }> | undefined;
  let userCount = 0;

  async function startOwn() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-store-'));
    return { folder, store: await start({ folder, logger: silentLogger }) };
  }

  async function release(): Promise<void> {
    userCount--;
    if (userCount > 0 || !starting) return;
    const { store, folder } = await starting;
    starting = undefined;
    await store.stop();
    rmSync(folder, { recursive: true });
  }

  return {
    async acquire() {
      if (url) return { url, release: async () => {} };
      userCount++;
      starting ??= startOwn();
      return { url: (await starting).store.url, release };
    },
  };
}

function newName(): string {
  return `test_${randomBytes(6).toString('hex')}`;
}

function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.href;
}

async function onPostgres(url: string, statement: string): Promise<void> {
  const database = openDatabase(url, { connectionsMax: 1, applicationName: 'latchkey test' });
  try {
    await database.unsafe(statement);
  } finally {
    await database.end();
  }
}

async function onClickhouse(url: string, query: string): Promise<void> {
  const client = createClient({ url });
  try {
    await client.command({ query });
  } finally {
    await client.close();
  }
}
