/** The whole node: first copy, size, restart, a second worker, another number of keys. */
import type { Measured, MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { type BenchWorld, firstCopyOf, replicaBytes } from './bench-world.ts';
import type { Contestant } from './contestant.ts';
import { runLoad } from './load.ts';
import { privateBytes } from './processor.ts';
import { startProduct } from './product-node.ts';
import { askOnce, productContestants, writeProductTemplates } from './product-requests.ts';
import { median, processorUs, throughputRatio } from './rounds.ts';
import { settle } from './settle.ts';
import { warmUp } from './warm-up.ts';

/** At which number of keys some of the bars stand. */
const barKeyCount = 10_000_000;
export const fewKeyCount = 10_000;
/**
 * While one is measured the other has nothing to do, and the kernel takes its pages for unused: the
 * next use of each costs more. A second for each million of the larger number above the first.
 */
const leadSecondsOf = (keyCount: number) => Math.max(0.2, (keyCount - 1_000_000) / 1_000_000);

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

/** Of a round, for which the empty server is asked before and after. */
const yardstickShare = 0.3;

/**
 * A B A B between one worker and two, each time another start: so it tells of restarts as well.
 * They are seconds apart, and what a request costs changes by a third meanwhile where a machine is
 * shared: each is told in what the empty server takes at that time, right before and after it.
 */
export async function measureWorkers(bench: Bench, empty: Contestant): Promise<MeasuredBars> {
  const { plan, world, say } = bench;
  const { roundCount } = plan;
  await settle(bench.node);
  say('── two workers and one, in turn; each time the product is started again');
  const ratios: number[] = [];
  const restartsMs: number[] = [];
  for (let round = 1; round <= roundCount; round += 1) {
    const costs: number[] = [];
    for (const workerCount of [2, 1]) {
      await bench.node.stop();
      const startedAtMs = performance.now();
      let tookMs = 0;
      bench.node = await startProduct({ ...world, workerCount }, async (port) => {
        await askOnce(port, bench.product.verify.template);
        tookMs = performance.now() - startedAtMs;
      });
      restartsMs.push(tookMs);
      await bench.node.complete();
      const { costUs, emptyUs } = await costOfRequest(bench, empty, round);
      costs.push(costUs / emptyUs);
      const found = `${costUs.toFixed(1)} µs, the empty server ${emptyUs.toFixed(1)}`;
      say(`${round}/${roundCount}  ${workerCount} workers: ${found}, ${Math.round(tookMs)} ms`);
    }
    ratios.push((costs[0] ?? Number.NaN) / (costs[1] ?? Number.NaN));
  }
  bench.product = productContestants(bench.node, world, writeProductTemplates(bench.folder, world));
  return {
    twoWorkers: { value: median(ratios), note: 'each by the empty server beside it' },
    restart: { value: median(restartsMs) / 1000, ...keysNote(world.keyCount) },
  };
}

async function costOfRequest(bench: Bench, empty: Contestant, seed: number) {
  const { plan, folder, world, node } = bench;
  const { verify } = productContestants(node, world, writeProductTemplates(folder, world));
  const { connectionCount, secondsPerRound: seconds } = plan;
  // It has just been started, and two workers would be cold for twice as long as one.
  await warmUp(verify, { connectionCount, warmUpShare: plan.warmUpShare / 2 });
  const load = { connectionCount, seconds, seed };
  const yardstick = { ...load, seconds: seconds * yardstickShare };
  const before = processorUs(await runLoad(empty, yardstick));
  const costUs = processorUs(await runLoad(verify, load));
  const after = processorUs(await runLoad(empty, yardstick));
  return { costUs, emptyUs: (before + after) / 2 };
}

/** A second node with few keys beside the first, for as long as it takes. */
export async function measureKeyCounts(bench: Bench, fewKeys: BenchWorld): Promise<MeasuredBars> {
  const node = await startProduct(fewKeys);
  try {
    await node.complete();
    const templates = writeProductTemplates(fewKeys.dataDir, fewKeys);
    const { verify } = productContestants(node, fewKeys, templates);
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
