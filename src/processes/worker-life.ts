/** A worker from its settings to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '../http/api-server.ts';
import { steerToNewest } from '../lib/listen-group.ts';
import { createLogger } from '../lib/logger.ts';
import { createReleasers } from '../lib/releasers.ts';
import { missesStripped } from '../lib/stripped-sources.js';
import { createAppliedWaits } from './applied-waits.ts';
import { openListeners } from './listeners.ts';
import type { Drain, FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { openWorkerParts } from './worker-parts.ts';

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
  const { server, replica, credits } = openWorkerParts(parts, releasers);
  const opened = await openListeners(server.app, settings);
  if (!opened.ok) {
    logger.error({}, opened.problem);
    process.exit(1);
  }
  const { listeners } = opened;
  releasers.push('connections', () => server.app.close());
  send({ kind: 'listening', missesStripped: missesStripped() });
  let isDraining = false;

  async function end(drain: Drain): Promise<void> {
    if (isDraining) return;
    isDraining = true;
    server.traffic.isDraining = true;
    if (drain.mode === 'replace' && steerToNewest(drain.listenerCount)) await sleep(handshakeMs);
    listeners.close();
    send({ kind: 'not-listening' });
    await quiet(server, drain, settings.drainMs);
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
      if (message.kind === 'drain') await end(message.drain);
    },
  };
}

/** Every answer closes its connection now; waits until there is nothing left to answer. */
async function quiet({ traffic }: ApiServer, { mode }: Drain, drainMs: number): Promise<void> {
  const deadline = performance.now() + drainMs;
  const isBusy = () =>
    traffic.inFlightCount > 0 || (mode !== 'stop' && traffic.connectionCount > 0);
  while (isBusy() && performance.now() < deadline) await sleep(drainCheckMs);
}
