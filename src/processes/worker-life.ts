/** A worker from its settings to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '../http/api-server.ts';
import type { Traffic } from '../http/exchange.ts';
import { steerToNewest } from '../lib/listen-group.ts';
import { createLogger } from '../lib/logger.ts';
import { createReleasers, type Releasers } from '../lib/releasers.ts';
import { missesStripped } from '../lib/stripped-sources.js';
import { createAppliedWaits } from './applied-waits.ts';
import {
  doorAcceptor,
  type Listeners,
  type OpenedListeners,
  openListeners,
  plainAcceptor,
} from './listeners.ts';
import type { Drain, FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { nodeFiles } from './node-files.ts';
import { openInnerSocket } from './worker-door.ts';
import { openWorkerParts, type WorkerParts } from './worker-parts.ts';

export type Worker = { receive(message: ToWorker): Promise<void> };

/** How often a draining worker looks whether it may go. */
const drainCheckMs = 10;
/** What has begun to connect is taken, if it needs no longer than this. */
const handshakeMs = 300;

/** Resolves when the worker listens. A worker that cannot listen ends with exit code 1. */
export async function startWorker(
  settings: WorkerSettings,
  send: (message: FromWorker) => void,
): Promise<Worker> {
  const logger = createLogger(settings.logLevel, settings.logFormat, {
    process: `worker ${settings.slot}`,
  });
  const releasers = createReleasers();
  const waits = createAppliedWaits((waitId) => send({ kind: 'await-applied', waitId }));
  const parts = { settings, awaitApplied: waits.wait, send, logger };
  const { server, replica, credits, openDoor, sealEvents } = openWorkerParts(parts, releasers);
  const opened = await startListening(server, openDoor, settings, releasers);
  if (!opened.ok) {
    logger.error({}, opened.problem);
    process.exit(1);
  }
  const { listeners } = opened;
  send({ kind: 'listening', missesStripped: missesStripped() });
  let isDraining = false;

  async function end(drain: Drain): Promise<void> {
    if (isDraining) return;
    isDraining = true;
    server.traffic.isDraining = true;
    listeners.drain();
    if (drain.mode === 'replace' && steerToNewest(drain.listenerCount)) await sleep(handshakeMs);
    listeners.close();
    send({ kind: 'not-listening' });
    await quiet(server.traffic, listeners, drain, settings.drainMs);
    await releasers.releaseAll();
    process.exit(0);
  }

  return {
    async receive(message) {
      if (message.kind === 'applied') waits.resolve(message.waitId);
      if (message.kind === 'credits-answered') credits.resolve(message.askId, message.answer);
      if (message.kind === 'switch-replica') {
        await replica.switchTo(message.path);
        send({ kind: 'replica-switched', path: message.path });
      }
      if (message.kind === 'seal-events') {
        await sealEvents();
        send({ kind: 'events-sealed' });
      }
      if (message.kind === 'drain') await end(message.drain);
    },
  };
}

/** At the native door where there is one, with uWebSockets.js behind it; else by that alone. */
async function startListening(
  { app, traffic }: ApiServer,
  openDoor: WorkerParts['openDoor'],
  settings: WorkerSettings,
  releasers: Releasers,
): Promise<OpenedListeners> {
  releasers.push('connections', () => app.close());
  const plain = plainAcceptor(app, () => traffic.connectionCount);
  if (!openDoor) return openListeners(plain, settings);
  const { shared } = nodeFiles(settings.dataDir);
  const inner = await openInnerSocket(shared, `${settings.owner}.socket`, plain.listenUnix);
  if (!inner) return { ok: false, problem: `cannot listen on a Unix domain socket in ${shared}` };
  releasers.push('inner socket', inner.close);
  return openListeners(doorAcceptor(openDoor(inner.path)), settings);
}

/** Every answer closes its connection now; waits until there is nothing left to answer. */
async function quiet(
  traffic: Traffic,
  listeners: Listeners,
  { mode }: Drain,
  drainMs: number,
): Promise<void> {
  const deadline = performance.now() + drainMs;
  const isBusy = () =>
    traffic.inFlightCount > 0 || (mode !== 'stop' && listeners.connectionCount() > 0);
  while (isBusy() && performance.now() < deadline) await sleep(drainCheckMs);
}
