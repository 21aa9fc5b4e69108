/**
 * A node from its settings to a running server: the steps in their order, each pushing how to undo
 * it. Whatever was begun is ended in the reverse order, whether the start succeeds or not.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/options.ts';
import { readIngestAccess } from '../events/ingest-access.ts';
import type { Shipper } from '../events/shipper.ts';
import { startAdminServer } from '../http/admin-server.ts';
import { lockFile } from '../lib/file-lock.ts';
import type { LogFormat, Logger } from '../lib/logger.ts';
import { probePort } from '../lib/port-probe.ts';
import { createReleasers, type Releasers } from '../lib/releasers.ts';
import { probeSocketFile, socketPath } from '../lib/socket-file.ts';
import { prepareCreditTable } from '../limits/prepare-credit-table.ts';
import { type CreditsRiver, startCreditsRiver } from './credits-river.ts';
import { type EventsRiver, startEventsRiver } from './events-river.ts';
import { startIngestRiver } from './ingest-river.ts';
import { type KeysRiver, startKeysRiver } from './keys-river.ts';
import { startLastUsedLoop } from './last-used-loop.ts';
import { createLimitTable, type LimitTable } from './limit-table.ts';
import { readMasterKeys } from './master-keys.ts';
import { makeNodeFolders, type NodeFiles } from './node-files.ts';
import { nodeMetrics } from './node-metrics.ts';
import { createReadinessCheck } from './readiness.ts';
import { readinessFindings } from './readiness-findings.ts';
import { removeStoreUrls, writeStoreUrls } from './store-urls.ts';
import { type Stores, startStores } from './stores.ts';
import type { WaitingWorkers } from './waiting-workers.ts';
import { openWorkerCounterPage } from './worker-counters.ts';
import { WorkerPool } from './worker-pool.ts';

/** Why a node cannot start, in a sentence for the operator. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

export type RunningNode = {
  /** The first root key, if it was made just now: shown once, kept nowhere. */
  firstRootKey: Promise<string | undefined>;
  /** Replaces the workers one by one. */
  reload(): Promise<void>;
  stop(): Promise<void>;
};

export type NodeOptions = {
  config: Config;
  /** Made before, to be told what to do; those that nobody needs are ended. */
  waiting: WaitingWorkers;
  logger: Logger;
  logFormat: LogFormat;
  /** Aborts a start that is still waiting for something. */
  signal: AbortSignal;
};

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { logger } = options;
  const releasers = createReleasers((name) => logger.debug({}, `stopping: ${name}`));
  try {
    const { keys, workers } = await startParts(options, releasers);
    return {
      firstRootKey: keys.prepared.then(
        (first) => first.rootKey,
        () => undefined,
      ),
      reload: () => workers.replaceAll(),
      stop: () => releasers.releaseAll(),
    };
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

type Rivers = {
  keys: KeysRiver;
  events: EventsRiver;
  ingest: Shipper | undefined;
  credits: CreditsRiver;
  limits: LimitTable;
};
type Parts = Rivers & { workers: WorkerPool };

async function startParts(options: NodeOptions, releasers: Releasers): Promise<Parts> {
  const { logger, signal, waiting } = options;
  releasers.push('waiting workers', () => waiting.end());
  const config = { ...options.config, masterKey: readMasterKeys(options.config) };
  const files = makeNodeFolders(config.dataDir);
  takeDataFolder(files, releasers);
  await checkPorts(config);
  await checkSockets(config);
  checkIngestUsers(config);
  const stores = await startStores(config, files, logger);
  releasers.push('embedded stores', () => stores.stop());
  writeStoreUrls(files.shared, stores);
  releasers.push('addresses of the stores', () => removeStoreUrls(files.shared));
  const giveUp = new AbortController();
  releasers.push('waiting for servers', () => giveUp.abort());
  const patience = AbortSignal.any([signal, giveUp.signal]);
  const river = { files, logger, signal: patience };
  const events = await startEventsRiver(
    {
      ...river,
      clickhouseUrl: stores.clickhouseUrl,
      cluster: config.clickhouseCluster,
      retention: config.retention,
      region: config.region,
      insertRowsMax: config.insertRowsMax,
      insertAgeMs: config.insertAgeMs,
    },
    releasers,
  );
  const { clickhouseUrl } = stores;
  const ingest = await startIngestRiver({ config, clickhouseUrl, files, logger }, releasers);
  const keys = startKeysRiver(
    {
      ...river,
      databaseUrl: stores.databaseUrl,
      chosenRootKey: config.rootKey,
      masterKey: config.masterKey,
      switchWorkers: (path) => workers.switchReplica(path),
    },
    releasers,
  );
  const limits = createLimitTable(files.windowTable, config.limitSlots, releasers);
  prepareCreditTable(files.creditTable, config.creditSlots);
  const credits = startCreditsRiver({ databaseUrl: stores.databaseUrl, files, logger }, releasers);
  startLastUsedLoop({ ...stores, logger }, releasers);
  const rivers = { keys, events, ingest, credits, limits };
  const workers = openWorkers({ ...options, config }, rivers, stores);
  const parts = { ...rivers, workers };
  await openAdminPort(options, parts, releasers);
  await firstCopy(keys, patience);
  limits.open(keys.replicator.status().keyCount);
  releasers.push('workers', () => workers.stopAll());
  await workers.start();
  return parts;
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

function openWorkers(
  { config, waiting, logger, logFormat }: NodeOptions,
  { keys, events, ingest, credits }: Rivers,
  { databaseUrl, clickhouseReaderUrl }: Stores,
): WorkerPool {
  return new WorkerPool({
    config,
    waiting,
    databaseUrl,
    clickhouseReaderUrl,
    logFormat,
    replicaPath: keys.replicaPath,
    async awaitApplied() {
      await Promise.all([keys.replicator.awaitApplied(), credits.bank.awaitChecked()]);
    },
    credits: credits.bank,
    onSegmentSealed() {
      events.shipper.notify();
      ingest?.notify();
    },
    onOwnerGone(owner) {
      events.shipper.adopt(owner);
      ingest?.adopt(owner);
    },
    logger,
  });
}

async function openAdminPort(
  { config }: NodeOptions,
  { keys, events, ingest, credits, limits, workers }: Parts,
  releasers: Releasers,
): Promise<void> {
  const files = makeNodeFolders(config.dataDir);
  const pages = Array.from({ length: config.workers }, (_, slot) =>
    openWorkerCounterPage(files.workerCounters(slot)),
  );
  const worker = () => ({
    listeningCount: workers.listeningCount(),
    configuredCount: config.workers,
    restartCount: workers.restartCount(),
  });
  const readiness = createReadinessCheck(
    readinessFindings({ replicator: keys.replicator, events, worker, clock: Date.now }),
    Date.now,
  );
  const metrics = () =>
    nodeMetrics({
      pages,
      events: events.shipper.totals(),
      ingest: ingest?.totals(),
      replication: keys.replicator.status(),
      credits: credits.status(),
      limits: limits.occupancy(Date.now()),
      workers: worker(),
      nowMs: Date.now(),
    });
  const address = { host: config.adminHost, port: config.adminPort };
  const admin = await startAdminServer(address, { readiness, metrics });
  releasers.push('admin port', () => admin.close());
}

/** So long a copy from an earlier run waits for what was changed since then. */
const askedWithinMs = 1000;

/**
 * Without any copy there is nothing to serve: the first start waits for Postgres. Later ones ask it
 * once, so that what was revoked meanwhile is refused from the first answer on, if it is there.
 */
async function firstCopy({ replicator, ...keys }: KeysRiver, signal: AbortSignal): Promise<void> {
  const path = keys.replicaPath();
  if (path !== '' && existsSync(path)) {
    await Promise.race([replicator.asked, sleep(askedWithinMs, undefined, { signal })]);
    return;
  }
  await keys.prepared;
  await Promise.race([
    replicator.awaitApplied(),
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  ]);
}
