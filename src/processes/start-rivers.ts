/** Everything of a node that needs its stores, or at least their addresses. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shipper } from '../events/shipper.ts';
import { startAdminServer } from '../http/admin-server.ts';
import type { Releasers } from '../lib/releasers.ts';
import { prepareCreditTable } from '../limits/prepare-credit-table.ts';
import { type CreditsRiver, startCreditsRiver } from './credits-river.ts';
import { type EventsRiver, startEventsRiver } from './events-river.ts';
import { startIngestRiver } from './ingest-river.ts';
import { type KeysRiver, startKeysRiver } from './keys-river.ts';
import { startLastUsedLoop } from './last-used-loop.ts';
import { createLimitTable, type LimitTable } from './limit-table.ts';
import { makeNodeFolders, type NodeFiles } from './node-files.ts';
import { nodeMetrics } from './node-metrics.ts';
import type { NodeOptions } from './node-options.ts';
import { createReadinessCheck } from './readiness.ts';
import { readinessFindings } from './readiness-findings.ts';
import type { SourceKeeper } from './source-keeper.ts';
import type { Stores } from './stores.ts';
import { openWorkerCounterPage } from './worker-counters.ts';
import { WorkerPool } from './worker-pool.ts';

type Rivers = {
  keys: KeysRiver;
  events: EventsRiver;
  ingest: Shipper | undefined;
  credits: CreditsRiver;
  limits: LimitTable;
};
export type NodeParts = Rivers & { workers: WorkerPool };

export type RiversStart = { files: NodeFiles; stores: Stores; sources: SourceKeeper };

/** Resolves when the workers answer. */
export async function startRivers(
  options: NodeOptions,
  { files, stores, sources }: RiversStart,
  releasers: Releasers,
): Promise<NodeParts> {
  const { config, logger, signal } = options;
  const { databaseUrl, clickhouseUrl, clickhouseReady } = stores;
  const giveUp = new AbortController();
  releasers.push('waiting for servers', () => giveUp.abort());
  const patience = AbortSignal.any([signal, giveUp.signal]);
  const river = { files, logger, signal: patience };
  const events = await startEventsRiver(
    {
      ...river,
      ...{ clickhouseUrl, clickhouseReady },
      cluster: config.clickhouseCluster,
      retention: config.retention,
      region: config.region,
      insertRowsMax: config.insertRowsMax,
      insertAgeMs: config.insertAgeMs,
    },
    releasers,
  );
  const ingest = await startIngestRiver(
    { config, clickhouseUrl, clickhouseReady, files, logger },
    releasers,
  );
  const keys = startKeysRiver(
    {
      ...river,
      databaseUrl,
      chosenRootKey: config.rootKey,
      masterKey: config.masterKey,
      switchWorkers: (path) => workers.switchReplica(path),
    },
    releasers,
  );
  const limits = createLimitTable(files.windowTable, config.limitSlots, releasers);
  prepareCreditTable(files.creditTable, config.creditSlots);
  const credits = startCreditsRiver({ databaseUrl, files, logger }, releasers);
  startLastUsedLoop({ ...stores, logger }, releasers);
  const rivers = { keys, events, ingest, credits, limits };
  const workers = openWorkers(options, rivers, { ...stores, sources });
  const parts = { ...rivers, workers };
  await openAdminPort(options, parts, releasers);
  await firstCopy(keys, patience);
  limits.open(keys.replicator.status().keyCount);
  releasers.push('workers', () => workers.stopAll());
  await Promise.race([workers.start(), aborted(patience)]);
  return parts;
}

function openWorkers(
  { config, waiting, logger, logFormat }: NodeOptions,
  { keys, events, ingest, credits }: Rivers,
  { databaseUrl, clickhouseReaderUrl, sources }: Stores & { sources: SourceKeeper },
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
    onSourceMissed: sources.keep,
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
  { keys, events, ingest, credits, limits, workers }: NodeParts,
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
  await Promise.race([replicator.awaitApplied(), aborted(signal)]);
}

/** Rejects when it is, also when it was before. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
