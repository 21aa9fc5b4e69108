/**
 * How soon a key that was revoked in PostgreSQL, past the API, is refused: from the moment at which
 * the commit is confirmed to the first refusal that a caller reads.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/lib/database.ts';
import { openRawConnection, postText } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';
import { type BenchWorld, databaseUrl } from './bench-world.ts';
import { benchKey } from './contestant.ts';
import type { ProductNode } from './product-node.ts';

const refusedWithinMs = 10_000;
/** Who asks without a pause takes the time of those who are to be measured. */
const askEveryMs = 1;

/** One lag for each key, in ms. The keys are enabled again in the end. */
export async function measureRevocationLags(
  node: ProductNode,
  world: BenchWorld,
  count: number,
): Promise<number[]> {
  const database = openDatabase(databaseUrl(world.dataDir), {
    connectionsMax: 1,
    applicationName: 'latchkey bench',
  });
  const connection = await openRawConnection(node.url);
  const codeOf = async (number: number) => {
    const body = JSON.stringify({ key: benchKey(number) });
    connection.send(postText('/v2/keys.verifyKey', { rootKey: world.rootKey, body }));
    return /"code":"(\w+)"/.exec((await connection.response()).body)?.[1];
  };
  const numbers = Array.from({ length: count }, (_, index) => 1 + index * 3);
  const idOf = (number: number) => `key_${String(number).padStart(9, '0')}`;
  const lagsMs: number[] = [];
  try {
    for (const number of numbers) {
      if ((await codeOf(number)) !== 'VALID') throw new Error(`${benchKey(number)} is not valid`);
      await database`update latchkey.keys set enabled = false where id = ${idOf(number)}`;
      const committedAtMs = performance.now();
      while ((await codeOf(number)) !== 'DISABLED') {
        if (performance.now() - committedAtMs > refusedWithinMs) {
          throw new Error(`${benchKey(number)} was not refused within ${refusedWithinMs} ms`);
        }
        await sleep(askEveryMs);
      }
      lagsMs.push(performance.now() - committedAtMs);
    }
    await database`update latchkey.keys set enabled = true where id = any(${numbers.map(idOf)})`;
    // One commit is one step of a node: with the last key all are valid again.
    const last = numbers.at(-1) as number;
    await waitFor('keys are valid again', async () => (await codeOf(last)) === 'VALID');
  } finally {
    connection.socket.destroy();
    await database.end();
  }
  return lagsMs;
}

/** The value that the share (0 to 1) of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
