/**
 * Changes keys in PostgreSQL at a steady rate until its standard input ends, and then prints how
 * many: so it ends with whoever started it. A first line says that it has begun.
 *
 *     key-changer.ts <URL of PostgreSQL> <number of keys> <changes per second>
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/lib/database.ts';

export type ChangerArguments = readonly [url: string, keyCount: string, perSecond: string];

/** The database, on the same machine, has other things to do as well. */
const keysPerTransaction = 50;

const [url = '', keyCount, perSecond] = process.argv.slice(2);
const database = openDatabase(url, { connectionsMax: 2, applicationName: 'latchkey bench' });
let isStopping = false;
process.stdin.resume().once('end', () => {
  isStopping = true;
});

await database`select 1`;
process.stdout.write('{"isChanging":true}\n');
const startedAtMs = performance.now();
let changedCount = 0;
while (!isStopping) {
  const dueCount = ((performance.now() - startedAtMs) / 1000) * Number(perSecond);
  if (changedCount + keysPerTransaction > dueCount) {
    await sleep(1);
    continue;
  }
  const ids = Array.from({ length: keysPerTransaction }, () => {
    return `key_${String(1 + randomInt(Number(keyCount))).padStart(9, '0')}`;
  });
  await database`
    update latchkey.keys set meta = ${`{"plan":"pro","seats":${randomInt(10, 99)}}`}
    where id = any(${ids})`;
  changedCount += keysPerTransaction;
}
const seconds = (performance.now() - startedAtMs) / 1000;
await database.end();
process.stdout.write(`${JSON.stringify({ changedPerSecond: changedCount / seconds })}\n`);
