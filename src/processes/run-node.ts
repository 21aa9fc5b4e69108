/** `latchkey start`: runs a node until it is told to stop, and says what a newcomer needs. */

import type { Config } from '../config/options.ts';
import type { LogFormat, Logger } from '../lib/logger.ts';
import { type RunningNode, startNode } from './start-node.ts';

export type Say = (text: string) => void;

/** Resolves when the node has stopped, after SIGINT or SIGTERM. Rejects when it cannot start. */
export async function runNode(
  config: Config,
  { logger, logFormat, say }: { logger: Logger; logFormat: LogFormat; say: Say },
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
    node = await startNode({ config, logger, logFormat, signal: stopping.signal });
  } catch (error) {
    if (stopping.signal.aborted) return;
    throw error;
  }
  process.on('SIGHUP', () => reload(node, logger));
  const tookMs = Date.now() - startedAtMs;
  logger.info({ tookMs, workers: config.workers }, 'started');
  void node.firstRootKey.then((rootKey) => say(banner(config, rootKey)));
  await stopped;
  await node.stop();
  logger.info({}, 'stopped');
}

function reload(node: RunningNode, logger: Logger): void {
  logger.info({}, 'replacing the workers one by one');
  node
    .reload()
    .then(() => logger.info({}, 'workers replaced'))
    .catch((error) => logger.error({ err: error }, 'replacing the workers failed'));
}

function banner(config: Config, rootKey: string | undefined): string {
  const api = `http://${urlHost(config.host)}:${config.port}`;
  const admin = `http://${urlHost(config.adminHost)}:${config.adminPort}`;
  const lines = ['', `  API         ${api}`, `  Admin       ${admin}/readyz`];
  if (rootKey === undefined) {
    lines.push('', '  Try it:', '', `  curl ${api}/v2/liveness`);
  } else {
    const isChosen = config.rootKey !== '';
    lines.push(`  Root key    ${isChosen ? 'the one in LATCHKEY_ROOT_KEY' : rootKey}`);
    if (!isChosen) lines.push('              (shown only now: keep it)');
    lines.push('', '  Try it:', '', curlLine(api, isChosen ? '$LATCHKEY_ROOT_KEY' : rootKey));
  }
  return `${lines.join('\n')}\n`;
}

function curlLine(api: string, rootKey: string): string {
  return [
    `  curl ${api}/v2/apis.createApi \\`,
    `    -H "Authorization: Bearer ${rootKey}" \\`,
    `    -H "Content-Type: application/json" -d '{"name":"my first API"}'`,
  ].join('\n');
}

/** An address that listens everywhere is reached here, for one, under the loopback name. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
