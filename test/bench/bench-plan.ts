/** How much a run measures: sizes and spans, chosen by the command line. */
import { parseArgs } from 'node:util';

export type BenchPlan = {
  name: 'full' | 'quick';
  keyCount: number;
  /** Each contestant of a comparison runs once in a round, so that noise hits all alike. */
  roundCount: number;
  /** Of the open loop, whose p99 is that of a few bad moments. */
  latencyRoundCount: number;
  secondsPerRound: number;
  connectionCount: number;
  /** Of the requests after which a contestant is warm; with fewer the figures are worse. */
  warmUpShare: number;
  /** Whether wrk is asked too, and what shipping events costs. */
  hasWitness: boolean;
  /** Whether the rows that need other servers or restarts are measured. */
  hasRestarts: boolean;
  /** How often a key is revoked to see how soon it is refused: a hundredth of them decides. */
  revocationCount: number;
  /** Where the product's data stay between runs; empty: nowhere. */
  worldFolder: string;
};

export const usage = `usage: npm run bench -- [--quick] [--keys N] [--world FOLDER]

  --quick         in less than a minute, with 50,000 keys, a round of each
  --keys N        how many keys there are; without it 1,000,000
  --world FOLDER  keep the product's data there and use them again`;

/** Throws with a sentence for the terminal. */
export function readBenchPlan(args: string[]): BenchPlan {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      keys: { type: 'string' },
      world: { type: 'string', default: '' },
    },
  });
  const plan = values.quick ? quickPlan : fullPlan;
  const keyCount = values.keys === undefined ? plan.keyCount : Number(values.keys);
  if (!Number.isSafeInteger(keyCount) || keyCount < 1000 || keyCount > 100_000_000) {
    throw new Error('--keys must be a whole number from 1,000 to 100,000,000');
  }
  return { ...plan, keyCount, worldFolder: values.world };
}

const fullPlan: BenchPlan = {
  name: 'full',
  keyCount: 1_000_000,
  roundCount: 3,
  latencyRoundCount: 9,
  secondsPerRound: 1,
  connectionCount: 64,
  warmUpShare: 1,
  hasWitness: true,
  hasRestarts: true,
  revocationCount: 400,
  worldFolder: '',
};

const quickPlan: BenchPlan = {
  ...fullPlan,
  name: 'quick',
  keyCount: 50_000,
  roundCount: 1,
  latencyRoundCount: 1,
  secondsPerRound: 0.25,
  warmUpShare: 0.1,
  hasWitness: false,
  hasRestarts: false,
  revocationCount: 10,
};
