/** The product against itself: other doors, other keys, keys that change. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { databaseUrl } from './bench-world.ts';
import type { Contestant } from './contestant.ts';
import { changesNote, changesPerSecond, startKeyChanges } from './key-changes.ts';
import { type LoadResult, runLoad } from './load.ts';
import { measureRevocationLags, percentile } from './revocation-lag.ts';
import { median, processorUs, ratio, throughput, throughputRatio } from './rounds.ts';
import { settle } from './settle.ts';

/** Of what a worker can take, while keys are being changed. */
const rateShare = 0.25;
/**
 * Each begins with so much, as pages get cold in a rest: a batch touches in a second four times as
 * many of them as single requests do, and would pay for them.
 */
const batchLeadSeconds = 0.5;
/** In which keys are being changed before the first one is revoked. */
const leadMs = 1000;

export async function measureDoors(bench: Bench): Promise<MeasuredBars> {
  const { verify, batch, unknown, zipf } = bench.product;
  // Those that are compared are neighbours, without a rest in between, in which a worker's pages
  // get cold: what a short round of batches would pay for. Batches leave most to the stores.
  const all = [zipf, unknown, verify, batch];
  const rested = {
    leadSeconds: bench.plan.roundCount > 1 ? batchLeadSeconds : undefined,
    settle: async (contestant: Contestant) => {
      if (contestant === all[0]) await settle(bench.node);
    },
  };
  const rounds = await compare(bench, 'Batches, and other keys', all, rested);
  const perRequest = throughputRatio(rounds, [batch.name, verify.name]);
  return {
    batch: { ...perRequest, value: perRequest.value * batch.keysPerRequest },
    unknownKeys: throughputRatio(rounds, [unknown.name, verify.name]),
  };
}

/**
 * An open loop, and stores on both processors: a closed one beside the driver, on its processor,
 * would leave PostgreSQL and the primary no time to change 1,000 keys a second.
 */
export async function measureChanges(bench: Bench): Promise<MeasuredBars> {
  const { node, world, product, plan } = bench;
  const { secondsPerRound: seconds, connectionCount } = plan;
  const closed = await runLoad(product.verify, { seconds, connectionCount, seed: 1 });
  const rate = Math.floor(throughput(closed) * rateShare);
  const changing = { ...product.verify, name: 'verifyKey, 1,000 keys changing a second' };
  const url = databaseUrl(world.dataDir);
  const reached: number[] = [];
  const title = `While keys are being changed, ${rate.toLocaleString('en')} requests/s`;
  const around = async ({ name }: Contestant, work: () => Promise<LoadResult>) => {
    if (name !== changing.name) return work();
    const changes = await startKeyChanges(url, world.keyCount);
    try {
      return await work();
    } finally {
      reached.push(await changes.stop());
    }
  };
  // In a quick run there is no time for it, and both leave as much behind.
  const pause = plan.roundCount > 1 && { settle: () => settle(node) };
  const rounds = await node.whileSpread(() =>
    compare(bench, title, [product.verify, changing], { rate, around, ...pause }),
  );
  const value = ratio(rounds, [product.verify.name, changing.name], processorUs);
  return { changes: { value, note: changesNote(median(reached)) } };
}

/** No processor is kept for anybody: it is the way of a change that is measured. */
export async function measureRevocations(bench: Bench): Promise<MeasuredBars> {
  const { node, plan, say } = bench;
  await settle(node);
  say(`── ${plan.revocationCount} revocations, ${changesPerSecond} changes a second beside them`);
  const { lagsMs, reached } = await node.whileSpread(() => revokeWhileChanging(bench));
  const [p50, p99] = [percentile(lagsMs, 0.5), percentile(lagsMs, 0.99)];
  say(`committed to refused: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  return { revocationP99: { value: p99, note: changesNote(reached) } };
}

async function revokeWhileChanging({ node, world, plan }: Bench) {
  const changes = await startKeyChanges(databaseUrl(world.dataDir), world.keyCount);
  let lagsMs: number[] = [];
  let reached = 0;
  try {
    // Whatever PostgreSQL and the primary do for the first time is not what a change waits for.
    await sleep(leadMs);
    lagsMs = await measureRevocationLags(node, world, plan.revocationCount);
  } finally {
    reached = await changes.stop();
  }
  return { lagsMs, reached };
}
