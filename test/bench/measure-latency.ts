/**
 * An open loop at half of what the worker can take, and the runtime's ceiling at that rate. Server
 * and driver are first in it, which a closed loop cannot have: a server that is never idle would
 * leave nothing to the kernel.
 */
import type { MeasuredBars } from './bars.ts';
import type { Bench } from './bench.ts';
import type { Contestant } from './contestant.ts';
import { type LoadOptions, type Percentiles, runLoad } from './load.ts';
import { canBeFirst, whileFirst } from './priority.ts';
import { median, throughput } from './rounds.ts';
import { latencyBetween, readLatencyBuckets } from './server-latency.ts';
import { settle } from './settle.ts';

export type LatencyFigures = { bars: MeasuredBars; others: Record<string, string> };

/** In µs. */
type Span = { p50: number; p99: number };

type Round = { rate: number; whole: Span; inside: Span; lateness: Percentiles | undefined };

/** Of a round, for which a worker is asked as much as it can take. */
const saturatedShare = 0.4;

const ceilingEvery = 4;

/**
 * Of a thousand requests one: where it was sent so late though a connection was free for it, the
 * driver did not have its processor. The delay is part of what is measured. Such a round counts,
 * and the table tells what the others came to.
 */
const latenessMaxUs = 1000;

/** What the product's histogram spans. */
const insideNote = 'from the last byte of the body to the verdict, by its own histogram';

/**
 * By how much the product's latency is above the ceiling's is its share of a request, up to the
 * answer that is handed to the kernel: its own histogram cannot tell that.
 */
export async function measureLatency(bench: Bench, ceiling: Contestant): Promise<LatencyFigures> {
  const { plan, product, say } = bench;
  const { verify } = product;
  const firstNote = canBeFirst() ? ', server and driver before all else on the machine' : '';
  say(`── open loop at half of what was answered right before${firstNote}`);
  const ceilings: Round[] = [];
  const rounds: Round[] = [];
  for (let seed = 1; seed <= plan.latencyRoundCount; seed += 1) {
    const load = await loadAtHalf(bench, seed);
    // For comparison, no bar depends on it: some times are enough.
    if (seed % ceilingEvery === 1) ceilings.push(await measureOne(bench, ceiling, load));
    rounds.push(await measureOne(bench, verify, load));
  }
  const ours = medianSpan(rounds.map(({ whole }) => whole));
  const within = medianSpan(rounds.map(({ inside }) => inside));
  const theirs = medianSpan(ceilings.map(({ whole }) => whole));
  const openLoopNote = `${perSecond(median(rounds.map(({ rate }) => rate)))}${firstNote}`;
  return {
    bars: {
      insideP50: { value: within.p50, note: insideNote },
      insideP99: { value: within.p99, note: insideNote },
      openLoopP99: { value: ours.p99 / 1000, note: openLoopNote + punctualNote(rounds) },
    },
    others: {
      [`open loop, ${openLoopNote}`]: `${spanText(verify, ours)}; ${spanText(ceiling, theirs)}`,
    },
  };
}

function isPunctual({ lateness }: Round): boolean {
  return !lateness || lateness.p999 < latenessMaxUs;
}

/** What the rounds came to in which the driver had its processor, where it had not in others. */
function punctualNote(rounds: readonly Round[]): string {
  const punctual = rounds.filter(isPunctual);
  const lateCount = rounds.length - punctual.length;
  if (lateCount === 0) return '';
  const { p99 } = medianSpan(punctual.map(({ whole }) => whole));
  const others = punctual.length === 0 ? '' : `; ${(p99 / 1000).toFixed(2)} ms in the others`;
  return `; the driver was late in ${lateCount} of ${rounds.length} rounds${others}`;
}

/**
 * What a worker can take changes within minutes on a machine that is shared, by a half and more:
 * half of what it could take a minute ago may be nearly all that it can take now.
 */
async function loadAtHalf({ plan, product }: Bench, seed: number) {
  const { secondsPerRound, connectionCount } = plan;
  const closed = { seconds: secondsPerRound * saturatedShare, connectionCount, seed };
  const rate = Math.floor(throughput(await runLoad(product.verify, closed)) / 2);
  return { seconds: secondsPerRound, connectionCount, seed, rate };
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')} requests/s`;
}

async function measureOne(
  { node, say }: Bench,
  contestant: Contestant,
  load: LoadOptions & { rate: number },
): Promise<Round> {
  await settle(node);
  const before = await readLatencyBuckets(node.adminUrl);
  const result = await whileFirst(contestant.pids(), () => runLoad(contestant, load));
  const after = await readLatencyBuckets(node.adminUrl);
  const inside = {
    p50: latencyBetween(before, after, 0.5),
    p99: latencyBetween(before, after, 0.99),
  };
  const { latencyUs: whole, latenessUs: lateness } = result;
  const round: Round = { rate: load.rate, whole, inside, lateness };
  const text = `${perSecond(result.perSecond)}  ${spanText(contestant, whole)}`;
  say(`${text}${latenessText(round)}`);
  return round;
}

function medianSpan(spans: readonly Span[]): Span {
  return { p50: median(spans.map(({ p50 }) => p50)), p99: median(spans.map(({ p99 }) => p99)) };
}

function spanText({ name }: Contestant, { p50, p99 }: Span): string {
  return `${name} p50 ${Math.round(p50)} µs, p99 ${Math.round(p99)} µs`;
}

function latenessText({ lateness }: Round): string {
  if (!lateness) return '';
  const { p99, p999 } = lateness;
  return `; of that the driver was late by p99 ${p99}, p99.9 ${p999} µs`;
}
