/**
 * API keys as people write them by hand: Node's http, the key's hash looked up in Redis and, when
 * it is not there, in SQL; the limit counted in Redis. No usage is recorded.
 *
 *     by-hand-server.ts <port> <port of Redis> <URL of PostgreSQL> <bytes of an answer>
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { openDatabase } from '../../src/lib/database.ts';
import { type CachedKey, cacheName, cacheSeconds } from './by-hand-cache.ts';
import { openRedis } from './redis-connection.ts';

export type ByHandArguments = readonly [
  port: string,
  redisPort: string,
  databaseUrl: string,
  answerBytes: string,
];

const [port, redisPort, databaseUrl = '', answerBytes] = process.argv.slice(2);
const redis = await openRedis(Number(redisPort));
const database = openDatabase(databaseUrl, { connectionsMax: 10, applicationName: 'by hand' });

async function findKey(hash: string): Promise<CachedKey | undefined> {
  const cached = await redis.send('GET', cacheName(hash));
  if (cached !== null) return JSON.parse(String(cached)) as CachedKey;
  const [found] = await database<CachedKey[]>`
    select k.id as "keyId", k.enabled as "isEnabled", l.limit_count as limit,
      array(select p.slug from latchkey.key_permissions h
        join latchkey.permissions p on p.id = h.permission_id where h.key_id = k.id) as permissions
    from latchkey.keys k left join latchkey.ratelimits l on l.key_id = k.id
    where k.hash = ${Buffer.from(hash, 'hex')} and k.deleted_at_ms is null`;
  if (found) await redis.send('SET', cacheName(hash), JSON.stringify(found), 'EX', cacheSeconds);
  return found;
}

async function verify(body: string): Promise<object> {
  const { key, permissions } = JSON.parse(body) as { key: string; permissions: string };
  const found = await findKey(createHash('sha256').update(key).digest('hex'));
  if (!found) return { valid: false, code: 'NOT_FOUND' };
  if (!found.isEnabled) return { valid: false, code: 'DISABLED' };
  const wanted = permissions.split(' AND ');
  if (!wanted.every((slug) => found.permissions.includes(slug))) {
    return { valid: false, code: 'INSUFFICIENT_PERMISSIONS' };
  }
  const counter = `count:${found.keyId}:${Math.floor(Date.now() / 60_000)}`;
  const count = Number(await redis.send('INCR', counter));
  if (count === 1) await redis.send('EXPIRE', counter, 60);
  if (count > found.limit) return { valid: false, code: 'RATE_LIMITED' };
  const answer = { valid: true, code: 'VALID', ...found, filler: '' };
  const missing = Number(answerBytes) - JSON.stringify(answer).length;
  return { ...answer, filler: 'x'.repeat(Math.max(0, missing)) };
}

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text) => {
    body += text;
  });
  request.on('end', async () => {
    const text = JSON.stringify(await verify(body));
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  });
}).listen(Number(port), '127.0.0.1');
