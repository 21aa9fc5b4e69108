/**
 * The benchmark: the product, its limits and its rivals in turn, on this machine, in one run.
 *
 *     npm run bench -- [--quick] [--keys N] [--world FOLDER]
 *
 * Every bar is a ratio within the run or a figure that does not depend on the machine's mood; the
 * others are shown beside. Writes bench-results/latest.{md,json,svg,readme.md}.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReleasers, type Releasers } from '../../src/lib/releasers.ts';
import type { MeasuredBars } from './bars.ts';
import type { Bench } from './bench.ts';
import { type BenchPlan, readBenchPlan, usage } from './bench-plan.ts';
import { allDone, openBenchWorld } from './bench-world.ts';
import { chartSvg } from './chart.ts';
import { describeMachine } from './machine.ts';
import { measureChanges, measureDoors, measureRevocations } from './measure-doors.ts';
import { measureLatency } from './measure-latency.ts';
import {
  fewKeyCount,
  measureKeyCounts,
  measureMemory,
  measureReplica,
  measureWorkers,
} from './measure-node.ts';
import { measureRivals } from './measure-rivals.ts';
import { buildNative } from './native-floor.ts';
import { keepPageWatchersBesideNobody } from './page-watchers.ts';
import { startProduct } from './product-node.ts';
import { productContestants, writeProductTemplates } from './product-requests.ts';
import { type BenchReport, readmeMarkdown, reportJson, reportMarkdown } from './report.ts';

const resultsFolder = join(import.meta.dirname, '../../bench-results');

/** What begins a part of the run stands behind the time that has passed, m:ss. */
function say(text: string): void {
  const seconds = Math.floor(performance.now() / 1000);
  const passed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  process.stdout.write(text.startsWith('──') ? `${passed} ${text}\n` : `${text}\n`);
}

async function openBench(plan: BenchPlan, releasers: Releasers): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  releasers.push('folder', () => rmSync(folder, { recursive: true, force: true }));
  const keys = plan.keyCount.toLocaleString('en');
  say(`── ${keys} keys in PostgreSQL`);
  const [world, fewKeys] = await allDone([
    openBenchWorld(plan.worldFolder || join(folder, 'world'), plan.keyCount, say),
    plan.hasRestarts ? openBenchWorld(join(folder, 'few-keys'), fewKeyCount, () => {}) : undefined,
  ]);
  say('── starting the product, which copies them');
  const node = await startProduct(world);
  await node.complete();
  const product = productContestants(node, world, writeProductTemplates(folder, world));
  const bench: Bench = { plan, folder, world, fewKeys, node, product, comparisons: [], say };
  releasers.push('product', () => bench.node.stop());
  return bench;
}

async function measure(bench: Bench, releasers: Releasers) {
  const replica = measureReplica(bench);
  const rivals = await measureRivals(bench, releasers);
  const latency = await measureLatency(bench, rivals.ceiling);
  const bars: MeasuredBars = {
    ...replica,
    ...rivals.bars,
    ...latency.bars,
    ...(await measureChanges(bench)),
    // Behind it, as the first changes of a process meet code that is not compiled yet.
    ...(await measureRevocations(bench)),
    ...(bench.plan.hasRestarts && (await measureWorkers(bench, rivals.ceiling))),
    ...(bench.fewKeys && (await measureKeyCounts(bench, bench.fewKeys))),
    // Last, as batches leave most to the stores: what would follow has to wait for them.
    ...(await measureDoors(bench)),
    ...measureMemory(bench),
  };
  const { others, absent } = rivals;
  return { bars, others: { ...others, ...latency.others }, absent };
}

async function runBench(plan: BenchPlan, releasers: Releasers): Promise<void> {
  const startedAtMs = performance.now();
  buildNative();
  releasers.push('page watchers', keepPageWatchersBesideNobody());
  const bench = await openBench(plan, releasers);
  const figures = await measure(bench, releasers);
  const report: BenchReport = {
    machine: describeMachine(),
    plan,
    settings: { LATCHKEY_WORKERS: '1', ...bench.world.settings },
    comparisons: bench.comparisons,
    ...figures,
    tookSeconds: (performance.now() - startedAtMs) / 1000,
  };
  writeResults(report, bench);
}

function writeResults(report: BenchReport, { product }: Bench): void {
  const { machine, comparisons, plan } = report;
  const [first] = comparisons;
  const keys = plan.keyCount.toLocaleString('en');
  mkdirSync(resultsFolder, { recursive: true });
  const write = (kind: string, text: string) =>
    writeFileSync(join(resultsFolder, `latest.${kind}`), text);
  const markdown = reportMarkdown(report);
  write('md', markdown);
  write('json', reportJson(report));
  write('readme.md', readmeMarkdown(report));
  write(
    'svg',
    chartSvg({
      title: `One verification a request, ${keys} keys, one processor`,
      rows: first?.rows ?? [],
      highlighted: product.verify.name,
      machine,
    }),
  );
  say(
    `\n${markdown}\nwritten: bench-results/latest.md, .json, .svg and, for the README, .readme.md`,
  );
}

function readPlan(): BenchPlan {
  try {
    return readBenchPlan(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

const releasers = createReleasers();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void releasers.releaseAll().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  });
}
try {
  await runBench(readPlan(), releasers);
} finally {
  await releasers.releaseAll();
}
