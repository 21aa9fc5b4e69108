/** The product against itself: other doors, other keys, keys that change, half of the load. */
import type { Measured, MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { databaseUrl } from './bench-world.ts';
import { changesNote, changesPerSecond, startKeyChanges } from './key-changes.ts';
import { type Percentiles, runLoad } from './load.ts';
import { measureRevocationLags, percentile } from './revocation-lag.ts';
import { median, ratio, throughput } from './rounds.ts';
import { latencyBetween, readLatencyBuckets } from './server-latency.ts';

export async function measureDoors(bench: Bench): Promise<MeasuredBars> {
  const { verify, batch, unknown, zipf } = bench.product;
  const batches = await compare(bench, 'Batches', [verify, batch]);
  const perRequest = ratio(batches, [batch.name, verify.name], throughput);
  const mixes = await compare(bench, 'Which keys are asked for', [verify, unknown, zipf]);
  return {
    batch: { value: perRequest * batch.keysPerRequest },
    unknownKeys: { value: ratio(mixes, [unknown.name, verify.name], throughput) },
    changes: await measureChanges(bench),
  };
}

async function measureChanges(bench: Bench): Promise<Measured> {
  const { world, product } = bench;
  const changing = { ...product.verify, name: 'verifyKey, 1,000 keys changing a second' };
  const url = databaseUrl(world.dataDir);
  const reached: number[] = [];
  const rounds = await compare(
    bench,
    'While keys are being changed',
    [product.verify, changing],
    async ({ name }, work) => {
      if (name !== changing.name) return work();
      const changes = await startKeyChanges(url, world.keyCount);
      try {
        return await work();
      } finally {
        reached.push(await changes.stop());
      }
    },
  );
  const value = ratio(rounds, [changing.name, product.verify.name], throughput);
  return { value, note: changesNote(median(reached)) };
}

/** An open loop at half of what the worker could take, as it is measured just before. */
export async function measureLatency(bench: Bench): Promise<MeasuredBars> {
  const { plan, product, node, say } = bench;
  const { connectionCount, secondsPerRound: seconds } = plan;
  const closed = { seconds, connectionCount, seed: 1 };
  const saturated = await runLoad(product.verify, closed);
  const rate = Math.floor(saturated.perSecond / 2);
  say(`── open loop, ${rate.toLocaleString('en')} requests a second`);
  const results = [];
  const p50s: number[] = [];
  const p99s: number[] = [];
  for (let round = 1; round <= plan.roundCount; round += 1) {
    const before = await readLatencyBuckets(node.adminUrl);
    const result = await runLoad(product.verify, { ...closed, rate, seed: round });
    const after = await readLatencyBuckets(node.adminUrl);
    results.push(result);
    p50s.push(latencyBetween(before, after, 0.5));
    p99s.push(latencyBetween(before, after, 0.99));
    const { latencyUs, latenessUs } = result;
    const span = (one: Percentiles) => `p50 ${one.p50} µs, p99 ${one.p99} µs`;
    const late = latenessUs ? `; of that the driver was late by ${span(latenessUs)}` : '';
    say(`${round}/${plan.roundCount}  ${span(latencyUs)}${late}`);
  }
  return {
    insideP50: { value: median(p50s), note: verdictOnly },
    insideP99: { value: median(p99s), note: verdictOnly },
    openLoopP99: {
      value: median(results.map(({ latencyUs }) => latencyUs.p99)) / 1000,
      note: `${rate.toLocaleString('en')} requests/s`,
    },
  };
}

/** The product's histogram begins when body and credentials are read and ends with the verdict. */
const verdictOnly = 'from the read request to the verdict, by its own histogram';

export async function measureRevocations(bench: Bench): Promise<MeasuredBars> {
  const { node, world, plan, say } = bench;
  say(`── ${plan.revocationCount} revocations, ${changesPerSecond} changes a second beside them`);
  const changes = await startKeyChanges(databaseUrl(world.dataDir), world.keyCount);
  let lagsMs: number[] = [];
  let reached = 0;
  try {
    lagsMs = await measureRevocationLags(node, world, plan.revocationCount);
  } finally {
    reached = await changes.stop();
  }
  const [p50, p99] = [percentile(lagsMs, 0.5), percentile(lagsMs, 0.99)];
  say(`committed to refused: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  return { revocationP99: { value: p99, note: changesNote(reached) } };
}
