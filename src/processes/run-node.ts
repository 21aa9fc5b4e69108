/** `latchkey start`: runs a node until it is told to stop. */

import type { Config } from '../config/options.ts';
import { inTurn } from '../lib/in-turn.ts';
import type { LogFormat, Logger } from '../lib/logger.ts';
import { type RunningNode, startNode } from './start-node.ts';
import type { WaitingWorkers } from './waiting-workers.ts';

export type RunOptions = {
  waiting: WaitingWorkers;
  logger: Logger;
  logFormat: LogFormat;
  /** Called once, when the database was first reached: with the root key if it was made now. */
  onPrepared(firstRootKey: string | undefined): void;
};

/** Resolves when the node has stopped, after SIGINT or SIGTERM. Rejects when it cannot start. */
export async function runNode(
  config: Config,
  { waiting, logger, logFormat, onPrepared }: RunOptions,
): Promise<void> {
  process.umask(0o077);
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (!stopping.signal.aborted) logger.info({ signal }, 'stopping');
        stopping.abort();
        resolve();
      });
    }
  });
  const startedAtMs = Date.now();
  let node: RunningNode;
  try {
    node = await startNode({ config, waiting, logger, logFormat, signal: stopping.signal });
  } catch (error) {
    if (stopping.signal.aborted) return;
    throw error;
  }
  process.on('SIGHUP', () => reload(node, logger));
  process.on(
    'SIGUSR2',
    inTurn(() => shipEvents(node, logger)),
  );
  const tookMs = Date.now() - startedAtMs;
  logger.info({ tookMs, workers: config.workers }, 'started');
  void node.firstRootKey.then(onPrepared);
  await stopped;
  await node.stop();
  logger.info({}, 'stopped');
}

async function shipEvents(node: RunningNode, logger: Logger): Promise<void> {
  logger.info({}, 'shipping all events');
  try {
    if (await node.shipEvents()) logger.info({}, 'all events shipped');
    else logger.warn({}, 'not all events could be shipped yet: they stay in the spool');
  } catch (error) {
    logger.error({ err: error }, 'shipping all events failed');
  }
}

function reload(node: RunningNode, logger: Logger): void {
  logger.info({}, 'replacing the workers one by one');
  node
    .reload()
    .then(() => logger.info({}, 'workers replaced'))
    .catch((error) => logger.error({ err: error }, 'replacing the workers failed'));
}
