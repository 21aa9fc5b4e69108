/** The whole node: first copy, size, restart, a second worker, another number of keys. */
import { join } from 'node:path';
import type { Measured, MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { firstCopyOf, openBenchWorld, replicaBytes } from './bench-world.ts';
import type { Contestant } from './contestant.ts';
import { runLoad } from './load.ts';
import { privateBytes } from './processor.ts';
import { type ProductNode, startProduct } from './product-node.ts';
import { askOnce, productContestants, writeProductTemplates } from './product-requests.ts';
import { median, processorUs, throughputRatio } from './rounds.ts';
import { settle } from './settle.ts';
import { warmUp } from './warm-up.ts';

/** At which number of keys some of the bars stand. */
const barKeyCount = 10_000_000;
const fewKeyCount = 10_000;
/**
 * While one is measured the other has nothing to do, and the kernel takes its pages for unused: the
 * next use of each costs more. A second for each million of the larger number.
 */
const leadSecondsOf = (keyCount: number) => Math.max(1, keyCount / 1_000_000);

export function measureReplica({ node, world }: Bench): MeasuredBars {
  const { keyCount, dataDir } = world;
  const copy = firstCopyOf(node, keyCount);
  return {
    bytesPerKey: { value: replicaBytes(dataDir) / keyCount },
    ...(copy && { firstCopy: { value: copy.keysPerSecond } }),
  };
}

/** To be taken when the worker has been loaded for a while. */
export function measureMemory({ node, world }: Bench): MeasuredBars {
  const [pid] = node.workerPids();
  if (pid === undefined) throw new Error('the product has no worker');
  return { memory: { value: privateBytes(pid) / 1e6, ...keysNote(world.keyCount) } };
}

/** What drifts meanwhile hits both alike. */
const workerCounts = [1, 2, 2, 1] as const;

/** Between one worker and two, each time another start: so it tells of restarts as well. */
export async function measureWorkers(bench: Bench): Promise<MeasuredBars> {
  const { world, say } = bench;
  await settle(bench.node);
  say('── two workers and one, in turn; each time the product is started again');
  const costs: Record<1 | 2, number[]> = { 1: [], 2: [] };
  const restartsMs: number[] = [];
  for (const workerCount of workerCounts) {
    await bench.node.stop();
    const startedAtMs = performance.now();
    let tookMs = 0;
    bench.node = await startProduct({ ...world, workerCount }, async (port) => {
      await askOnce(port, bench.product.verify.template);
      tookMs = performance.now() - startedAtMs;
    });
    restartsMs.push(tookMs);
    await bench.node.complete();
    const cost = await costOfRequest(bench, bench.node);
    costs[workerCount].push(cost);
    say(`${workerCount} workers: ${cost.toFixed(1)} µs, ${Math.round(tookMs)} ms`);
  }
  bench.product = productContestants(bench.node, world, writeProductTemplates(bench.folder, world));
  return {
    twoWorkers: { value: sum(costs[2]) / sum(costs[1]) },
    restart: { value: median(restartsMs) / 1000, ...keysNote(world.keyCount) },
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

async function costOfRequest(bench: Bench, node: ProductNode): Promise<number> {
  const { plan, folder, world } = bench;
  const { verify } = productContestants(node, world, writeProductTemplates(folder, world));
  const { connectionCount } = plan;
  // Longer than elsewhere: each needs a start, so there are fewer of them, further apart.
  const seconds = 2 * plan.secondsPerRound;
  // It has just been started, and two workers would be cold for twice as long as one.
  await warmUp(verify, plan);
  return processorUs(await runLoad(verify, { connectionCount, seconds, seed: 1 }));
}

/** A second node with few keys beside the first, for as long as it takes. */
export async function measureKeyCounts(bench: Bench): Promise<MeasuredBars> {
  const { folder, say } = bench;
  const few = await openBenchWorld(join(folder, 'few-keys'), fewKeyCount, say);
  const node = await startProduct(few);
  try {
    await node.complete();
    const templates = writeProductTemplates(few.dataDir, few);
    const { verify } = productContestants(node, few, templates);
    return { manyKeys: await compareKeyCounts(bench, verify) };
  } finally {
    await node.stop();
  }
}

async function compareKeyCounts(bench: Bench, fewVerify: Contestant): Promise<Measured> {
  const { keyCount } = bench.world;
  const name = (count: number) => `verifyKey, ${count.toLocaleString('en')} keys`;
  const many = { ...bench.product.verify, name: name(keyCount) };
  const few = { ...fewVerify, name: name(fewKeyCount) };
  const rounds = await compare(bench, 'How many keys there are', [many, few], {
    leadSeconds: leadSecondsOf(keyCount),
  });
  const { value, note } = throughputRatio(rounds, [many.name, few.name]);
  const notes = [keysNote(keyCount).note ?? '', note ?? ''].filter((text) => text !== '');
  return { value, note: notes.join('; ') };
}

function keysNote(keyCount: number): { note?: string } {
  return keyCount === barKeyCount ? {} : { note: `here ${keyCount.toLocaleString('en')} keys` };
}
