/**
 * A real PostgreSQL from an npm package, for a start without any set-up. It listens on 127.0.0.1
 * alone, has no socket file, and asks for a password (SCRAM) that is kept in its folder.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyDatabaseError, openDatabase } from '../lib/database.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from './embedded-store.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { runToEnd, startStore } from './start-store.ts';
import { keptPassword, openStoreFolder } from './store-folder.ts';
import { type StoreInstance, settleEarlierInstance } from './store-instance.ts';
import { giveToUnprivileged, unprivileged } from './unprivileged.ts';

const databaseName = 'latchkey';

/** Given at each start, so that a new version's settings reach old folders too. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  // Nobody replicates an embedded store: no senders, the shortest log, no launcher process.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // Reading through worker processes gains nothing on a store that fits the page cache.
  io_method: 'sync',
  // What a client did wrong is the client's to report; the log is about the server.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** The server's version must be that of the folder: an Error with its last words says otherwise. */
export async function startEmbeddedPostgres(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { folder } = options;
  const { initdb, postgres } = findPostgresBinaries();
  openStoreFolder(folder);
  const cluster = join(folder, 'cluster');
  const earlier = await settleEarlierInstance(folder, 'SIGINT');
  if (earlier) disownLockFile(cluster, earlier);
  const password = keptPassword(folder);
  if (!existsSync(cluster)) await createCluster(initdb, folder, cluster);
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return startStore(
    {
      name: 'PostgreSQL',
      stopSignal: 'SIGINT',
      command: (port) =>
        unprivileged({ program: postgres, args: ['-D', cluster, '-p', String(port), ...args] }),
      url: (port) => `postgres://latchkey:${password}@127.0.0.1:${port}/${databaseName}`,
      isReady,
    },
    options,
  );
}

/** Made beside its place and then moved there: a start that was cut off leaves no half cluster. */
async function createCluster(initdb: string, folder: string, cluster: string): Promise<void> {
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveToUnprivileged(unfinished);
  const args = [
    ...['-D', unfinished, '--username=latchkey', `--pwfile=${join(folder, 'password')}`],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ];
  await runToEnd('initdb', unprivileged({ program: initdb, args }), folder);
  renameSync(unfinished, cluster);
}

/**
 * PostgreSQL refuses to start when the pid in its lock file belongs to any living process, and in a
 * container pids come back soon. The server of that pid is known to be dead here. A lock file that
 * names the server's own parent counts as stale, and the second check, for backends that still
 * use the shared memory that the file names, is kept: so we write our pid instead of removing it.
 */
function disownLockFile(cluster: string, earlier: StoreInstance): void {
  const path = join(cluster, 'postmaster.pid');
  if (!existsSync(path)) return;
  const [pid, ...rest] = readFileSync(path, 'utf8').split('\n');
  if (Number(pid) !== earlier.serverPid) return;
  writeFileSync(path, [String(process.pid), ...rest].join('\n'));
}

async function isReady(url: string): Promise<boolean> {
  const database = openDatabase(url, { connectionsMax: 1, applicationName: 'latchkey start' });
  try {
    await database`select 1`;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '3D000') await createDatabase(url);
    else if (classifyDatabaseError(error) !== 'unreachable') throw error;
    return false;
  } finally {
    await database.end();
  }
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = url.replace(/[^/]*$/, 'postgres');
  const database = openDatabase(maintenance, { connectionsMax: 1, applicationName: 'latchkey' });
  try {
    await database.unsafe(`create database ${databaseName}`);
  } finally {
    await database.end();
  }
}
