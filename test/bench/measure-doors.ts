/** The product against itself: other doors, other keys, keys that change. */
import type { MeasuredBars } from './bars.ts';
import { type Bench, compare } from './bench.ts';
import { databaseUrl } from './bench-world.ts';
import { changesNote, changesPerSecond, startKeyChanges } from './key-changes.ts';
import { measureRevocationLags, percentile } from './revocation-lag.ts';
import { median, throughputRatio } from './rounds.ts';
import { settle } from './settle.ts';

export async function measureDoors(bench: Bench): Promise<MeasuredBars> {
  await settle(bench.node);
  const { verify, batch, unknown, zipf } = bench.product;
  const rounds = await compare(bench, 'Batches, and other keys', [verify, batch, unknown, zipf]);
  const perRequest = throughputRatio(rounds, [batch.name, verify.name]);
  return {
    batch: { ...perRequest, value: perRequest.value * batch.keysPerRequest },
    unknownKeys: throughputRatio(rounds, [unknown.name, verify.name]),
  };
}

export async function measureChanges(bench: Bench): Promise<MeasuredBars> {
  const { world, product } = bench;
  const changing = { ...product.verify, name: 'verifyKey, 1,000 keys changing a second' };
  const url = databaseUrl(world.dataDir);
  const reached: number[] = [];
  const rounds = await compare(bench, 'While keys are being changed', [product.verify, changing], {
    async around({ name }, work) {
      if (name !== changing.name) return work();
      const changes = await startKeyChanges(url, world.keyCount);
      try {
        return await work();
      } finally {
        reached.push(await changes.stop());
      }
    },
  });
  const { value, note } = throughputRatio(rounds, [changing.name, product.verify.name]);
  const notes = [changesNote(median(reached)), ...(note ? [note] : [])];
  return { changes: { value, note: notes.join('; ') } };
}

export async function measureRevocations(bench: Bench): Promise<MeasuredBars> {
  const { node, world, plan, say } = bench;
  await settle(node);
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
