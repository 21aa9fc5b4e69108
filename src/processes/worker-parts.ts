/** What a worker is made of. Each part pushes how to close it the moment it exists. */

import { ratelimitKind } from '../events/ratelimit-kind.ts';
import { openSpoolCounters } from '../events/spool-counters.ts';
import { createSpoolWriter, type SpoolWriter } from '../events/spool-writer.ts';
import { verificationKind } from '../events/verification-kind.ts';
import { type ApiServer, type ApiServerPorts, createApiServer } from '../http/api-server.ts';
import type { QuickVerifier } from '../http/quick-verifier.ts';
import { openGenerationPage } from '../keys/generation-page.ts';
import { openReplicaReader, type ReplicaReader } from '../keys/replica-reader.ts';
import type { Releasers } from '../lib/releasers.ts';
import { createSparseWarnings } from '../lib/sparse-warnings.ts';
import { CreditTable } from '../limits/credit-table.ts';
import { WindowTable } from '../limits/window-table.ts';
import { type CreditAsks, createCreditAsks } from './credit-asks.ts';
import { nodeFiles } from './node-files.ts';
import { openWorkerAnalytics } from './worker-analytics.ts';
import { createWorkerCounters, type WorkerCounters } from './worker-counters.ts';
import { hasDoors, openWorkerDoor, type WorkerDoor } from './worker-door.ts';
import { openWorkerEngine, type WorkerEngine } from './worker-engine.ts';
import { openWorkerIngest } from './worker-ingest.ts';
import { openWorkerManagement } from './worker-management.ts';
import type { WorkerOptions } from './worker-options.ts';

export type WorkerParts = {
  server: ApiServer;
  replica: ReplicaReader;
  credits: CreditAsks;
  /** The native door, with the server behind it at this path; undefined where there is none. */
  openDoor: ((innerPath: string) => WorkerDoor) | undefined;
  /** Resolves when all events of up to now can be shipped. */
  sealEvents(): Promise<void>;
};

const segmentBytes = 4 * 2 ** 20;
const segmentAgeMs = 1000;
const misconfiguredEveryMs = 10_000;

export function openWorkerParts(options: WorkerOptions, releasers: Releasers): WorkerParts {
  const { settings } = options;
  const files = nodeFiles(settings.dataDir);
  const counters = createWorkerCounters(files.workerCounters(settings.slot));
  const limits = new WindowTable(files.windowTable);
  releasers.push('limits', () => limits.close());
  const generationPage = openGenerationPage(files.generationPage);
  const shared = { generationPage, counters, limits };
  const engine = settings.allowsEngine ? openWorkerEngine(shared, releasers) : undefined;
  const { replicaPath } = settings;
  const replica = openReplicaReader(replicaPath, generationPage, engine?.onReplicaState);
  releasers.push('replica', () => replica.close());
  const spool = createSpoolWriter({
    folder: files.spool,
    owner: settings.owner,
    segmentBytes,
    segmentAgeMs,
    spoolBytesMax: settings.spoolBytesMax,
    clock: Date.now,
    counters: openSpoolCounters(files.spool),
    onSealed: () => options.send({ kind: 'segment-sealed' }),
    onSegment: engine?.onSegment,
  });
  releasers.push('spool', () => spool.close());
  const leases = new CreditTable(files.creditTable);
  releasers.push('credits', () => leases.close());
  const credits = createCreditAsks(leases, options.send);
  const management = openWorkerManagement(options, credits, releasers);
  const { clickhouseReaderUrl } = settings;
  const { analyticsFacts: facts } = management;
  const analytics = openWorkerAnalytics({ clickhouseReaderUrl, facts, limits }, releasers);
  const quick = engine?.verifier(replica, (event) => spool.appendPacked(verificationKind, event));
  const ingest = openWorkerIngest(options, releasers);
  let door: WorkerDoor | undefined;
  const server = createApiServer({
    lookup: replica,
    limits,
    credits,
    ...management,
    calls: [...management.calls, ...analytics],
    awaitApplied: options.awaitApplied,
    record(event) {
      spool.append(verificationKind, event);
      counters.countVerification(event.outcome, event.latencyUs);
    },
    recordLimit(event) {
      spool.append(ratelimitKind, event);
      counters.countRatelimit(event.isPassed);
    },
    quick,
    hasDoor: engine !== undefined && hasDoors,
    ingest,
    onAnswered: counters.countAnswer,
    clock: Date.now,
    stopwatch: () => performance.now(),
    bodyBytesMax: settings.bodyBytesMax,
    forwardAuth: {
      ...forwardAuthPorts(options),
      onUsualProxy: (query, keyHeader, terms) => door?.learn(query, keyHeader, terms),
    },
  });
  const opener = engine && quick && hasDoors && doorOpener({ engine, quick, counters, server });
  const sealEvents = () => sealAll([spool, ingest]);
  if (!opener) return { server, replica, credits, openDoor: undefined, sealEvents };
  const openDoor = (innerPath: string) => {
    door = opener(innerPath, releasers);
    return door;
  };
  return { server, replica, credits, openDoor, sealEvents };
}

async function sealAll(spools: readonly (Pick<SpoolWriter, 'seal'> | undefined)[]): Promise<void> {
  await Promise.all(spools.map((spool) => spool?.seal()));
}

type DoorParts = {
  engine: WorkerEngine;
  quick: QuickVerifier;
  counters: WorkerCounters;
  server: ApiServer;
};

function doorOpener({ engine: { engine }, quick, counters, server }: DoorParts) {
  const { answered } = counters;
  const { table } = server;
  const takeEvent = () => quick.takeEvent();
  return (innerPath: string, releasers: Releasers) =>
    openWorkerDoor({ engine, answered, innerPath, table, takeEvent }, releasers);
}

/** A proxy that is set up wrongly asks for every request that it gets. */
function forwardAuthPorts({ settings, logger }: WorkerOptions): ApiServerPorts['forwardAuth'] {
  const warnings = createSparseWarnings(logger, misconfiguredEveryMs, Date.now);
  return {
    openApiIds: new Set(settings.forwardAuthApis),
    onMisconfigured: (requestId, problem) => warnings.warn({ requestId }, problem),
  };
}
