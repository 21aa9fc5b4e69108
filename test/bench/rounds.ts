/**
 * Contestants in turn, A B C A B C: on a machine whose speed changes from second to second only
 * neighbours in time can be compared, so a ratio is taken within each round.
 */
import type { Measured } from './bars.ts';
import type { Contestant } from './contestant.ts';
import { type LoadResult, runLoad } from './load.ts';
import { warmUp } from './warm-up.ts';

export type Rounds = {
  names: readonly string[];
  /** Of each round, the results by contestant. */
  rounds: ReadonlyMap<string, LoadResult>[];
};

export type RoundsOptions = {
  roundCount: number;
  seconds: number;
  connectionCount: number;
  warmUpShare: number;
  /** Requests per second; without it the loop is closed. */
  rate?: number | undefined;
  /** How long a contestant runs in each round before it is measured. */
  leadSeconds?: number | undefined;
  /** Before each contestant of each round, so that none pays for what another has left behind. */
  settle?: (contestant: Contestant) => Promise<void>;
  /** Around each contestant of each round, for what must go on meanwhile. */
  around?: (contestant: Contestant, work: () => Promise<LoadResult>) => Promise<LoadResult>;
  say(text: string): void;
};

export async function runRounds(
  contestants: readonly Contestant[],
  options: RoundsOptions,
): Promise<Rounds> {
  const { roundCount, seconds, connectionCount, rate, leadSeconds, say } = options;
  const around = options.around ?? ((_contestant, work) => work());
  const settle = options.settle ?? (async () => {});
  for (const contestant of contestants) {
    await warmUp(contestant, options);
  }
  const rounds: Map<string, LoadResult>[] = [];
  for (let round = 1; round <= roundCount; round += 1) {
    const results = new Map<string, LoadResult>();
    for (const contestant of contestants) {
      const spent = seconds * (contestant.share ?? 1);
      const load = { seconds: spent, connectionCount, rate, leadSeconds, seed: round };
      const work = () => runLoad(contestant, load);
      await settle(contestant);
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
  busy: LoadResult['busy'];
  /** Which share of the server's processor others had. */
  otherWork: number;
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
      busy: {
        server: all((result) => result.busy.server),
        driver: all((result) => result.busy.driver),
      },
      otherWork: all(({ busy, idle }) => Math.max(0, 1 - idle.server - busy.server)),
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

export const processorUs = (result: LoadResult) => result.userUs + result.systemUs;

/** Past this, a processor was not what had to be waited for. */
const idleShareMax = 0.1;
const busyShareMin = 0.9;

/**
 * Requests in a second of the server's own processor time: what it answers when it has a processor
 * for itself and is never kept waiting. What was counted is less wherever the driver, who shares a
 * processor with the stores, or other work on the machine was the bottleneck, and that differs from
 * one contestant to the next. One that waits for something of its own while both processors have
 * time gets what was counted.
 */
export function throughput(result: LoadResult): number {
  const { server, driver } = result.idle;
  const isWaiting = server > idleShareMax && driver > idleShareMax;
  return isWaiting ? result.perSecond : 1e6 / processorUs(result);
}

/** Of two contestants' throughput, with a note when one of them did not fill its processor. */
export function throughputRatio(rounds: Rounds, names: readonly [string, string]): Measured {
  const notes = names.flatMap((name) => {
    const share = median(rounds.rounds.map((results) => results.get(name)?.busy.server ?? 0));
    return share < busyShareMin ? [`${name} ${Math.round(share * 100)} % busy`] : [];
  });
  const value = ratio(rounds, names, throughput);
  return { value, ...(notes.length > 0 && { note: notes.join(', ') }) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
