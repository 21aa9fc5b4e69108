/** The results as Markdown for people and as JSON for whatever compares runs. */

import { type BarResult, barResults, formatValue, type MeasuredBars } from './bars.ts';
import type { Machine } from './machine.ts';
import { batchShare } from './product-requests.ts';
import { median, type Summary } from './rounds.ts';

export type Comparison = {
  title: string;
  /** `keysPerRequest` by name, where it is not 1. */
  keysPerRequest: Readonly<Record<string, number>>;
  rows: readonly Summary[];
};

export type BenchReport = {
  machine: Machine;
  plan: { name: string; keyCount: number; roundCount: number; secondsPerRound: number };
  /** What was set otherwise than by default. */
  settings: Readonly<Record<string, string>>;
  bars: MeasuredBars;
  comparisons: readonly Comparison[];
  /** Figures that have no bar. */
  others: Readonly<Record<string, string>>;
  absent: readonly string[];
  tookSeconds: number;
};

export function reportMarkdown(report: BenchReport): string {
  const { machine, plan } = report;
  const keys = plan.keyCount.toLocaleString('en');
  return [
    `# Benchmark, ${machine.date} UTC, commit ${machine.commit}`,
    '',
    `${machine.processor}, ${machine.processorCount} processors, ${machine.memoryGib} GiB; ` +
      `${machine.kernel}; Node ${machine.node}; ${machine.compiler}. ${keys} keys, ` +
      `${plan.roundCount} rounds of ${plan.secondsPerRound} s (batches: ` +
      `${plan.secondsPerRound * batchShare} s) in turn, one worker on one ` +
      'processor, the driver and everything else on the others.',
    '',
    otherWorkLine(report.comparisons),
    '',
    comparedNote,
    '',
    settingsLine(report.settings),
    '',
    ...table(['what', 'value', 'bar', 'wanted', 'reached'], barResults(report.bars).map(barCells)),
    '',
    ...report.comparisons.flatMap(comparisonLines),
    ...Object.entries(report.others).map(([name, value]) => `- ${name}: ${value}`),
    ...report.absent.map((line) => `- absent: ${line}`),
    `- the whole run: ${Math.round(report.tookSeconds)} s`,
    '',
  ].join('\n');
}

/** To be pasted into the README: what is measured first, with its date and machine. */
export function readmeMarkdown({ machine, plan, comparisons }: BenchReport): string {
  const [first] = comparisons;
  const keys = plan.keyCount.toLocaleString('en');
  return [
    `${machine.processor}, one processor for each server, ${keys} keys; ${machine.date} UTC, ` +
      `commit ${machine.commit}:`,
    '',
    ...(first ? comparisonLines(first) : []),
  ].join('\n');
}

export function reportJson(report: BenchReport): string {
  return `${JSON.stringify({ ...report, bars: barResults(report.bars) }, null, 2)}\n`;
}

/** Past this share nothing in the report can be relied upon: caches are shared as well. */
const otherWorkMax = 0.1;

function otherWorkLine(comparisons: readonly Comparison[]): string {
  const share = median(comparisons.flatMap(({ rows }) => rows.map((row) => row.otherWork)));
  const text = `Other work took ${percent(share)} of the measured processor`;
  return share > otherWorkMax ? `**${text}: measure again on an idle machine.**` : `${text}.`;
}

const comparedNote = [
  'Throughput is compared as requests in a second of the processor time of whoever answers, 1 s',
  'by its µs per request: what it answers with a processor for itself. Keys per second are as',
  'counted, and busy says which share of a processor contestant and driver used meanwhile: a',
  'contestant that used less than all of its own waited for the driver, who shares a processor',
  'with the stores, or for other work on the machine, and that differs from one to the next. (Had',
  'it waited for something of its own, with time left on both processors, what was counted would',
  'be compared.) What the kernel does to bring a request to its socket falls to the driver, for',
  'all alike.',
].join(' ');

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function settingsLine(settings: BenchReport['settings']): string {
  const pairs = Object.entries(settings).map(([name, value]) => `\`${name}=${value}\``);
  return `Default settings but for ports, folder, root key and ${pairs.join(', ')}.`;
}

function barCells(result: BarResult): string[] {
  const { what, note, value, unit, better, bar, wanted } = result;
  const sign = better === 'higher' ? '≥' : '≤';
  return [
    note ? `${what} (${note})` : what,
    value === undefined ? '' : formatValue(value, unit),
    `${sign} ${formatValue(bar, unit)}`,
    `${sign} ${formatValue(wanted, unit)}`,
    result.reached,
  ];
}

function comparisonLines({ title, rows, keysPerRequest }: Comparison): string[] {
  const cells = rows.map((row) => {
    const keys = keysPerRequest[row.name] ?? 1;
    return [
      row.name,
      Math.round(row.perSecond * keys).toLocaleString('en'),
      `${percent(row.busy.server)} / ${percent(row.busy.driver)}`,
      `${row.userUs.toFixed(1)} + ${row.systemUs.toFixed(1)}`,
      `${Math.round(row.latencyUs.p50)} / ${Math.round(row.latencyUs.p99)}`,
    ];
  });
  const columns = [
    title,
    'keys per second',
    'busy',
    'µs per request, user + kernel',
    'p50 / p99, µs',
  ];
  return [...table(columns, cells), ''];
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)];
}
