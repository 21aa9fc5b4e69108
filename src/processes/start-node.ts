/**
 * A node from its settings to a running server: the steps in their order, each pushing how to undo
 * it. Whatever was begun is ended in the reverse order, whether the start succeeds or not.
 *
 * Here is what comes before the stores and their start; `start-rivers.ts` has the rest and nearly
 * all modules. They are loaded while the stores start.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/options.ts';
import { readIngestAccess } from '../events/ingest-access.ts';
import { currentReplica } from '../keys/replica-files.ts';
import { lockFile } from '../lib/file-lock.ts';
import { probePort } from '../lib/port-probe.ts';
import { createReleasers, type Releasers } from '../lib/releasers.ts';
import { probeSocketFile, socketPath } from '../lib/socket-file.ts';
import { missesStripped } from '../lib/stripped-sources.js';
import { readMasterKeys } from './master-keys.ts';
import { makeNodeFolders, type NodeFiles } from './node-files.ts';
import type { NodeOptions } from './node-options.ts';
import { createSourceKeeper } from './source-keeper.ts';
import type { NodeParts } from './start-rivers.ts';
import { removeStoreUrls, writeStoreUrls } from './store-urls.ts';
import { startStores } from './stores.ts';

/** For the workers to answer first. One that cannot must not keep the events of the others. */
const clickhouseWaitsMs = 10_000;

const shipWithinMs = 60_000;

/** Why a node cannot start, in a sentence for the operator. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

export type RunningNode = {
  /** The first root key, if it was made just now: shown once, kept nowhere. */
  firstRootKey: Promise<string | undefined>;
  /** Replaces the workers one by one. */
  reload(): Promise<void>;
  /**
   * Sends the events of up to now to ClickHouse without waiting for more. False when the time was
   * not enough. Not to be called again before.
   */
  shipEvents(): Promise<boolean>;
  stop(): Promise<void>;
};

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { logger } = options;
  const releasers = createReleasers((name) => logger.debug({}, `stopping: ${name}`));
  try {
    const { keys, workers, events, ingest } = await startParts(options, releasers);
    return {
      firstRootKey: keys.prepared.then(
        (first) => first.rootKey,
        () => undefined,
      ),
      reload: () => workers.replaceAll(),
      async shipEvents() {
        await workers.sealEvents();
        const shipped = [events.shipper, ingest].map((shipper) => shipper?.drain(shipWithinMs));
        return !(await Promise.all(shipped)).includes(false);
      },
      stop: () => releasers.releaseAll(),
    };
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

async function startParts(options: NodeOptions, releasers: Releasers): Promise<NodeParts> {
  const { logger, waiting } = options;
  releasers.push('waiting workers', () => waiting.end());
  const config = { ...options.config, masterKey: readMasterKeys(options.config) };
  const files = makeNodeFolders(config.dataDir);
  takeDataFolder(files, releasers);
  await checkPorts(config);
  await checkSockets(config);
  checkIngestUsers(config);
  const answering = Promise.withResolvers<void>();
  const someTime = sleep(clickhouseWaitsMs, undefined, { ref: false });
  const clickhouseTurn = hasCopy(files) ? Promise.race([answering.promise, someTime]) : undefined;
  const starting = startStores({ settings: config, files, logger, clickhouseTurn });
  const loading = import('./start-rivers.ts');
  // Whichever fails, the stores are stopped; an error of the other is of no use then.
  loading.catch(() => {});
  const stores = await starting;
  releasers.push('embedded stores', () => stores.stop());
  writeStoreUrls(files.shared, stores);
  releasers.push('addresses of the stores', () => removeStoreUrls(files.shared));
  const { startRivers } = await loading;
  const sources = createSourceKeeper();
  releasers.push('keeper of the sources', () => sources.stop());
  const parts = await startRivers({ ...options, config }, { files, stores, sources }, releasers);
  answering.resolve();
  if (missesStripped()) sources.keep();
  return parts;
}

/** Of the keys, from an earlier run. */
function hasCopy(files: NodeFiles): boolean {
  const path = currentReplica(files.replica);
  return path !== undefined && existsSync(path);
}

function takeDataFolder(files: NodeFiles, releasers: Releasers): void {
  const lock = lockFile(files.lock);
  if (!lock) {
    throw new StartRefused(
      `another latchkey is running on this data folder (${files.lock} is locked): ` +
        'stop it first, or give this one its own LATCHKEY_DATA_DIR.',
    );
  }
  releasers.push('data folder', () => lock.release());
}

async function checkPorts(config: Config): Promise<void> {
  const addresses = [
    { host: config.host, port: config.port, setting: 'LATCHKEY_PORT or LATCHKEY_HOST' },
    { host: config.adminHost, port: config.adminPort, setting: 'LATCHKEY_ADMIN_PORT' },
  ];
  for (const { host, port, setting } of addresses) {
    const code = await probePort(host, port);
    if (code === '') continue;
    const why = code === 'EADDRINUSE' ? 'it is in use by another program' : code;
    throw new StartRefused(`cannot listen on ${host}:${port}: ${why}. Set ${setting}.`);
  }
}

async function checkSockets({ socket, workers }: Config): Promise<void> {
  if (socket === '') return;
  for (let slot = 0; slot < workers; slot += 1) {
    const path = socketPath(socket, slot);
    const why = await probeSocketFile(path);
    if (why === '') continue;
    throw new StartRefused(`cannot listen on ${path}: ${why}. Set LATCHKEY_SOCKET.`);
  }
}

function checkIngestUsers({ ingestUsersFile: path }: Config): void {
  if (path === '') return;
  try {
    readIngestAccess(path);
  } catch (error) {
    const { message } = error as Error;
    throw new StartRefused(`LATCHKEY_INGEST_USERS_FILE cannot be used: ${message}`);
  }
}
