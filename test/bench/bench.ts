import type { BenchPlan } from './bench-plan.ts';
import type { BenchWorld } from './bench-world.ts';
import type { Contestant } from './contestant.ts';
import type { ProductNode } from './product-node.ts';
import type { ProductContestants } from './product-requests.ts';
import type { Comparison } from './report.ts';
import { type Rounds, type RoundsOptions, runRounds, summarize } from './rounds.ts';

/** What a measurement needs, and where its tables go. */
export type Bench = {
  plan: BenchPlan;
  /** Temporary. */
  folder: string;
  world: BenchWorld;
  /** The same with few keys, which nobody runs yet; undefined where it is not needed. */
  fewKeys: BenchWorld | undefined;
  node: ProductNode;
  product: ProductContestants;
  comparisons: Comparison[];
  say(text: string): void;
};

/** Runs the contestants in turn, keeps the table, and gives the rounds for ratios. */
export async function compare(
  bench: Bench,
  title: string,
  contestants: readonly Contestant[],
  between: Pick<RoundsOptions, 'settle' | 'around' | 'rate' | 'leadSeconds'> = {},
): Promise<Rounds> {
  const { plan, say } = bench;
  say(`── ${title}`);
  const rounds = await runRounds(contestants, {
    roundCount: plan.roundCount,
    seconds: plan.secondsPerRound,
    connectionCount: plan.connectionCount,
    warmUpShare: plan.warmUpShare,
    ...between,
    say,
  });
  const keysPerRequest = Object.fromEntries(
    contestants.map((contestant) => [contestant.name, contestant.keysPerRequest]),
  );
  bench.comparisons.push({ title, keysPerRequest, rows: summarize(rounds) });
  return rounds;
}
