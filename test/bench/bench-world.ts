/**
 * The keys of the benchmark, in a data folder of the product: seeded by SQL into its own embedded
 * PostgreSQL, and then copied from there by the product, as at any first start.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentReplica } from '../../src/keys/replica-files.ts';
import { openDatabase } from '../../src/lib/database.ts';
import { slotsFor } from '../../src/processes/limit-table.ts';
import { nodeFiles } from '../../src/processes/node-files.ts';
import { readStoreUrls } from '../../src/processes/store-urls.ts';
import type { ProductOptions } from './product-node.ts';
import { type ProductNode, startProduct } from './product-node.ts';
import { type SeededWorld, seedStatements } from './seed-statements.ts';

export type BenchWorld = SeededWorld &
  ProductOptions & {
    keyCount: number;
    /** Enough for each key to have a counter of its own. */
    limitSlots: number;
  };

const markName = 'bench-world.json';

/** Uses what an earlier run has left in `dataDir`, if it is of the same size. */
export async function openBenchWorld(
  dataDir: string,
  keyCount: number,
  say: (text: string) => void,
): Promise<BenchWorld> {
  const mark = join(dataDir, markName);
  if (existsSync(mark)) {
    const world = JSON.parse(readFileSync(mark, 'utf8')) as BenchWorld;
    if (world.keyCount !== keyCount) throw new Error(`${dataDir} holds ${world.keyCount} keys`);
    return world;
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const limitSlots = Math.max(slotsFor(keyCount), keyCount * 2);
  const options: ProductOptions = {
    dataDir,
    rootKey: `unkey_${randomBytes(16).toString('hex')}`,
    workerCount: 1,
    settings: limitSlots === slotsFor(keyCount) ? {} : { LATCHKEY_LIMIT_SLOTS: `${limitSlots}` },
  };
  const node = await startProduct(options);
  try {
    const seeded = await node.whileSpread(() => seed(dataDir, keyCount, say));
    const world = { ...options, ...seeded, keyCount, limitSlots };
    writeFileSync(mark, JSON.stringify(world));
    return world;
  } finally {
    await node.stop();
    // The next start finds no copy, and makes its first.
    rmSync(nodeFiles(dataDir).replica, { recursive: true });
  }
}

async function seed(
  dataDir: string,
  keyCount: number,
  say: (text: string) => void,
): Promise<SeededWorld> {
  const database = openDatabase(databaseUrl(dataDir), {
    connectionsMax: 2,
    applicationName: 'latchkey bench',
  });
  const run = async (what: string, statement: string) => {
    const startedAtMs = performance.now();
    // No triggers: the product reads all of it in its first copy and needs no log of changes.
    await database.unsafe(`set session_replication_role = replica; ${statement}`);
    say(`${what}: ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  };
  try {
    const [found] = await database<{ workspaceId: string }[]>`
      select workspace_id as "workspaceId" from latchkey.root_keys limit 1`;
    const { sideBySide, world } = seedStatements(found?.workspaceId as string, keyCount);
    await allDone(
      sideBySide.map(async (statements) => {
        for (const [what, statement] of Object.entries(statements)) await run(what, statement);
      }),
    );
    await run('statistics', 'analyze');
    return world;
  } finally {
    await database.end();
  }
}

/** None goes on when another has failed: what they run on is removed then. */
export async function allDone<T extends readonly unknown[]>(promises: T) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Of a product that is running. */
export function databaseUrl(dataDir: string): string {
  const urls = readStoreUrls(nodeFiles(dataDir).shared);
  if (!urls) throw new Error(`no product is running on ${dataDir}`);
  return urls.databaseUrl;
}

export function replicaPath(dataDir: string): string {
  const path = currentReplica(nodeFiles(dataDir).replica);
  if (!path) throw new Error(`there is no replica in ${dataDir}`);
  return path;
}

export function replicaBytes(dataDir: string): number {
  return statSync(replicaPath(dataDir)).size;
}

export type FirstCopy = { tookMs: number; keysPerSecond: number };

/** What the product said of its first copy, if it made one. */
export function firstCopyOf(node: ProductNode, keyCount: number): FirstCopy | undefined {
  for (const line of node.log().split('\n')) {
    if (!line.includes('"msg":"copied ')) continue;
    const { tookMs } = JSON.parse(line) as { tookMs: number };
    return { tookMs, keysPerSecond: (keyCount * 1000) / tookMs };
  }
  return undefined;
}
