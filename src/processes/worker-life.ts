/** A worker from its settings to its end. */

import { operations } from '../control/operations.ts';
import { runOperation } from '../control/run-operation.ts';
import { openSpoolCounters } from '../events/spool-counters.ts';
import { createSpoolWriter } from '../events/spool-writer.ts';
import { verificationKind } from '../events/verification-kind.ts';
import { type ApiServer, createApiServer } from '../http/api-server.ts';
import { closeListenSocket, type ListenSocket } from '../http/uws.ts';
import { openGenerationPage } from '../keys/generation-page.ts';
import { openReplicaReader, type ReplicaReader } from '../keys/replica-reader.ts';
import { openDatabase } from '../lib/database.ts';
import { createLogger } from '../lib/logger.ts';
import { createReleasers } from '../lib/releasers.ts';
import { createAppliedWaits } from './applied-waits.ts';
import type { DrainMode, FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { nodeFiles } from './node-files.ts';
import { createWorkerCounters } from './worker-counters.ts';

export type Worker = { receive(message: ToWorker): Promise<void> };

const databaseConnectionsMax = 4;
const segmentBytes = 4 * 2 ** 20;
const segmentAgeMs = 1000;
/** How often a draining worker looks whether it may go. */
const drainCheckMs = 10;

export async function startWorker(
  settings: WorkerSettings,
  send: (message: FromWorker) => void,
): Promise<Worker> {
  const logger = createLogger(settings.logLevel, settings.logFormat, {
    process: `worker ${settings.slot}`,
  });
  const releasers = createReleasers();
  const waits = createAppliedWaits((waitId) => send({ kind: 'await-applied', waitId }));
  const { server, replica } = openParts();
  const socket = await listen(server, settings);
  if (!socket) {
    logger.error({}, `cannot listen on ${settings.host}:${settings.port}`);
    process.exit(1);
  }
  releasers.push('connections', () => server.app.close());
  send({ kind: 'listening' });
  let isDraining = false;

  function openParts(): { server: ApiServer; replica: ReplicaReader } {
    const files = nodeFiles(settings.dataDir);
    const page = openGenerationPage(files.generationPage);
    const reader = openReplicaReader(settings.replicaPath, page);
    releasers.push('replica', () => reader.close());
    const counters = createWorkerCounters(files.workerCounters(settings.slot));
    const spool = createSpoolWriter({
      folder: files.spool,
      owner: settings.owner,
      segmentBytes,
      segmentAgeMs,
      spoolBytesMax: settings.spoolBytesMax,
      clock: Date.now,
      counters: openSpoolCounters(files.spool),
      onSealed: () => send({ kind: 'segment-sealed' }),
    });
    releasers.push('spool', () => spool.close());
    const database = openDatabase(settings.databaseUrl, {
      connectionsMax: databaseConnectionsMax,
      applicationName: `latchkey worker ${settings.slot}`,
      idleSeconds: 60,
    });
    releasers.push('database', () => database.end({ timeout: 1 }));
    const context = { database, clock: Date.now };
    const api = createApiServer({
      lookup: reader,
      calls: operations.map((operation) => ({
        ...operation,
        run: (caller, body) => runOperation(operation, { context, caller, logger }, body),
      })),
      awaitApplied: waits.wait,
      record(event) {
        spool.append(verificationKind, event);
        counters.countVerification(event.outcome, event.latencyUs);
      },
      onAnswered: counters.countAnswer,
      clock: Date.now,
      stopwatch: () => performance.now(),
      bodyBytesMax: settings.bodyBytesMax,
    });
    return { server: api, replica: reader };
  }

  async function drain(mode: DrainMode): Promise<void> {
    if (isDraining) return;
    isDraining = true;
    closeListenSocket(socket as ListenSocket);
    send({ kind: 'not-listening' });
    server.traffic.isDraining = true;
    const deadline = Date.now() + settings.drainMs;
    const isBusy = () =>
      server.traffic.inFlightCount > 0 ||
      (mode === 'replace' && server.traffic.connectionCount > 0);
    while (isBusy() && Date.now() < deadline) await pause(drainCheckMs);
    await releasers.releaseAll();
    process.exit(0);
  }

  return {
    async receive(message) {
      if (message.kind === 'applied') waits.resolve(message.waitId);
      if (message.kind === 'switch-replica') {
        await replica.switchTo(message.path);
        send({ kind: 'replica-switched', path: message.path });
      }
      if (message.kind === 'drain') await drain(message.mode);
    },
  };
}

function listen(server: ApiServer, { host, port }: WorkerSettings): Promise<ListenSocket | false> {
  return new Promise((resolve) => {
    server.app.listen(host, port, resolve);
  });
}

function pause(spanMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, spanMs);
  });
}
