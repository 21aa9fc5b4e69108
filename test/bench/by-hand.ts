/** Starts the hand-written service with its Redis, and warms that. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { type CachedKey, cacheName, cacheSeconds } from './by-hand-cache.ts';
import type { ByHandArguments } from './by-hand-server.ts';
import { startChildServer } from './child-server.ts';
import { benchKey, writeTemplate } from './contestant.ts';
import { otherProcessors, serverProcessor } from './processor.ts';
import { openRedis } from './redis-connection.ts';
import { heldSlugs } from './seed-statements.ts';
import { type StandIn, type StandInContext, stopAll, versionOf } from './stand-in.ts';

const name = 'Node http + Redis + SQL by hand';
/** So many keys are asked for, all of them in Redis beforehand: its best case. */
const warmKeysMax = 100_000;
const warmAtOnce = 1000;

export async function startByHand(context: StandInContext, databaseUrl: string): Promise<StandIn> {
  const version = versionOf('redis-server', '--version');
  if (!version) return { present: false, name, reason: 'apt-get install redis-server' };
  const folder = join(context.folder, 'by-hand');
  mkdirSync(folder);
  const keyCount = Math.min(context.keyCount, warmKeysMax);
  const redisPort = await freePort();
  const redis = await startChildServer({
    command: 'redis-server',
    args: ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    processor: otherProcessors,
    port: redisPort,
  });
  await warm(redisPort, keyCount);
  const port = await freePort();
  const args: ByHandArguments = [
    String(port),
    String(redisPort),
    databaseUrl,
    String(context.answerBytes),
  ];
  const server = await startChildServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'by-hand-server.ts'), ...args],
    processor: serverProcessor,
    port,
  });
  const headers = [`Authorization: Bearer ${context.rootKey}`];
  const body = JSON.stringify({ key: '{key}', permissions: heldSlugs.join(' AND ') });
  return {
    present: true,
    version,
    stop: () => stopAll([server, redis]),
    contestant: {
      name,
      port,
      pids: () => [server.pid],
      template: writeTemplate(folder, 'by-hand', { line: 'POST /verify', headers, body }),
      expected: '"code":"VALID"',
      keysPerRequest: 1,
      warmUpKeyCount: 20_000,
      mix: 'uniform',
      keyCount,
    },
  };
}

async function warm(port: number, keyCount: number): Promise<void> {
  const redis = await openRedis(port);
  for (let first = 1; first <= keyCount; first += warmAtOnce) {
    const numbers = Array.from({ length: warmAtOnce }, (_, index) => first + index);
    await Promise.all(
      numbers.map((number) => {
        const hash = createHash('sha256').update(benchKey(number)).digest('hex');
        const cached: CachedKey = {
          keyId: `key_${String(number).padStart(9, '0')}`,
          isEnabled: true,
          permissions: [...heldSlugs],
          limit: 1_000_000_000,
        };
        return redis.send('SET', cacheName(hash), JSON.stringify(cached), 'EX', cacheSeconds);
      }),
    );
  }
  redis.close();
}
