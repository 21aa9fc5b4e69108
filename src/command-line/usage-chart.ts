/**
 * Usage for people: on a terminal a chart over time and a bar for each group, elsewhere the same
 * numbers as plain columns. All times are UTC, as the buckets are.
 */
import type { UsageGranularity, UsageResult } from '../contract/analytics.ts';
import { printable } from './result-text.ts';
import { tableText, tinted } from './terminal.ts';

const chartHeight = 6;
const barWidth = 24;
/** From nothing to a full cell. */
const eighths = ' ▁▂▃▄▅▆▇█';
const lyingEighths = ' ▏▎▍▌▋▊▉█';

/** `width`: columns of the terminal; undefined where there is none. */
export function usageText(result: UsageResult, width: number | undefined): string {
  const { from, to, granularity, groups } = result;
  const range = `${instantText(from, granularity)} to ${instantText(to, granularity)}`;
  const head = `${range}, by ${granularity}: ${totalText(result)}`;
  if (groups.length === 0) return `${head}\nNothing was counted; --from 7d looks further back.`;
  if (width === undefined) {
    return [head, '', groupTable(result, undefined), '', seriesTable(result)].join('\n');
  }
  const chart = columnChart(bucketCounts(result), width, chartHeight);
  const highest = Math.max(...bucketCounts(result));
  const scale = tinted('dim', `highest ${countText(highest)} in one ${granularity}`);
  return [
    head,
    '',
    ...chart,
    axisText(result, width),
    scale,
    '',
    groupTable(result, barWidth),
  ].join('\n');
}

function totalText({ total: { count, spentCredits, outcomes } }: UsageResult): string {
  const valid = Number(outcomes.VALID ?? 0);
  const credits = spentCredits > 0 ? `, ${countText(spentCredits)} credits` : '';
  return `${countText(count)} verifications, ${countText(valid)} of them VALID${credits}`;
}

const countText = (count: number) => count.toLocaleString('en-US');

/** As exact as a bucket is long. */
function instantText(atMs: number, granularity: UsageGranularity): string {
  const text = new Date(atMs).toISOString();
  if (granularity === 'month') return text.slice(0, 7);
  return granularity === 'day' ? text.slice(0, 10) : `${text.slice(0, 16)}Z`;
}

const stepMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Buckets without a count are not in the series, but in time. */
function bucketTimes({ from, to, granularity }: UsageResult): number[] {
  const times: number[] = [];
  for (let atMs = from; atMs < to; atMs = nextBucket(atMs, granularity)) times.push(atMs);
  return times;
}

function nextBucket(atMs: number, granularity: UsageGranularity): number {
  if (granularity !== 'month') return atMs + stepMs[granularity];
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
}

/** Of all groups that are shown. */
function bucketCounts(result: UsageResult): number[] {
  const counts = new Map<number, number>();
  for (const { time, count } of result.series) counts.set(time, (counts.get(time) ?? 0) + count);
  return bucketTimes(result).map((time) => counts.get(time) ?? 0);
}

/** Lines from top to bottom. More counts than columns are added up, fewer become wider bars. */
export function columnChart(counts: readonly number[], width: number, height: number): string[] {
  const merged = mergeTo(counts, width);
  const highest = Math.max(1, ...merged);
  const cellWidth = Math.max(1, Math.floor(width / merged.length));
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * 8;
    const cells = merged.map((count) => {
      const level = Math.ceil((count / highest) * height * 8);
      const mark = eighths[Math.max(0, Math.min(8, level - below))] ?? ' ';
      return cellWidth > 2 ? `${mark.repeat(cellWidth - 1)} ` : mark.repeat(cellWidth);
    });
    return tinted('green', cells.join('').trimEnd());
  });
}

function mergeTo(counts: readonly number[], countMax: number): number[] {
  const size = Math.ceil(counts.length / Math.max(1, countMax));
  return Array.from({ length: Math.ceil(counts.length / size) }, (_, index) =>
    counts.slice(index * size, (index + 1) * size).reduce((sum, count) => sum + count, 0),
  );
}

function axisText({ from, to, granularity }: UsageResult, width: number): string {
  const [first, last] = [instantText(from, granularity), instantText(to, granularity)];
  return tinted('dim', first + last.padStart(Math.max(last.length + 2, width - first.length)));
}

function groupTable({ groupBy, groups, total }: UsageResult, width: number | undefined): string {
  const highest = Math.max(1, ...groups.map(({ count }) => count));
  const rows = groups.map(({ group, count, spentCredits, outcomes }) => [
    printable(group) || '(none)',
    countText(count),
    `${((100 * count) / Math.max(1, total.count)).toFixed(1)} %`,
    ...(groupBy === 'outcome' ? [] : [countText(count - Number(outcomes.VALID ?? 0))]),
    countText(spentCredits),
    ...(width === undefined ? [] : [barText(count / highest, width)]),
  ]);
  const refused = groupBy === 'outcome' ? [] : ['REFUSED'];
  const titles = [groupBy.toUpperCase(), 'COUNT', 'SHARE', ...refused, 'CREDITS'];
  return tableText(width === undefined ? titles : [...titles, ''], rows);
}

function barText(share: number, width: number): string {
  const level = Math.ceil(share * width * 8);
  return '█'.repeat(Math.floor(level / 8)) + (lyingEighths[level % 8]?.trim() ?? '');
}

function seriesTable({ granularity, groupBy, series }: UsageResult): string {
  const rows = series.map(({ time, group, count }) => [
    instantText(time, granularity),
    printable(group) || '(none)',
    String(count),
  ]);
  return tableText(['TIME', groupBy.toUpperCase(), 'COUNT'], rows);
}
