/**
 * Contestants in turn, A B C A B C: on a machine whose speed changes from second to second only
 * neighbours in time can be compared, so a ratio is taken within each round.
 */
import type { Contestant } from './contestant.ts';
import { type LoadResult, runLoad } from './load.ts';

export type Rounds = {
  names: readonly string[];
  /** Of each round, the results by contestant. */
  rounds: ReadonlyMap<string, LoadResult>[];
};

export type RoundsOptions = {
  roundCount: number;
  seconds: number;
  /** Of each contestant before the first round, so that what is compiled while it runs is. */
  warmUpSeconds: number;
  connectionCount: number;
  /** Around each contestant of each round, for what must go on meanwhile. */
  around?: (contestant: Contestant, work: () => Promise<LoadResult>) => Promise<LoadResult>;
  say(text: string): void;
};

export async function runRounds(
  contestants: readonly Contestant[],
  options: RoundsOptions,
): Promise<Rounds> {
  const { roundCount, seconds, warmUpSeconds, connectionCount, say } = options;
  const around = options.around ?? ((_contestant, work) => work());
  for (const contestant of contestants) {
    await runLoad(contestant, { seconds: warmUpSeconds, connectionCount, seed: 0 });
  }
  const rounds: Map<string, LoadResult>[] = [];
  for (let round = 1; round <= roundCount; round += 1) {
    const results = new Map<string, LoadResult>();
    for (const contestant of contestants) {
      const work = () => runLoad(contestant, { seconds, connectionCount, seed: round });
      const result = await around(contestant, work);
      results.set(contestant.name, result);
      say(`${round}/${roundCount}  ${describe(contestant, result)}`);
    }
    rounds.push(results);
  }
  return { names: contestants.map(({ name }) => name), rounds };
}

function describe({ name, keysPerRequest }: Contestant, result: LoadResult): string {
  const keys = Math.round(result.perSecond * keysPerRequest);
  const cost = `${result.userUs.toFixed(1)} + ${result.systemUs.toFixed(1)} µs`;
  const unit = keysPerRequest === 1 ? '/s' : ' keys/s';
  return `${name.padEnd(34)} ${keys.toLocaleString('en').padStart(9)}${unit}  ${cost}`;
}

export type Summary = {
  name: string;
  perSecond: number;
  userUs: number;
  systemUs: number;
  latencyUs: { p50: number; p99: number };
};

/** The median round of each contestant, figure by figure. */
export function summarize({ names, rounds }: Rounds): Summary[] {
  return names.map((name) => {
    const all = (figure: (result: LoadResult) => number) =>
      median(rounds.map((results) => figure(results.get(name) as LoadResult)));
    return {
      name,
      perSecond: all((result) => result.perSecond),
      userUs: all((result) => result.userUs),
      systemUs: all((result) => result.systemUs),
      latencyUs: {
        p50: all((result) => result.latencyUs.p50),
        p99: all((result) => result.latencyUs.p99),
      },
    };
  });
}

/** The median over the rounds of one contestant's figure by another's. */
export function ratio(
  { rounds }: Rounds,
  [one, other]: readonly [one: string, other: string],
  figure: (result: LoadResult) => number,
): number {
  return median(
    rounds.map((results) => {
      const [first, second] = [results.get(one), results.get(other)];
      return figure(first as LoadResult) / figure(second as LoadResult);
    }),
  );
}

export const throughput = (result: LoadResult) => result.perSecond;
export const processorUs = (result: LoadResult) => result.userUs + result.systemUs;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
