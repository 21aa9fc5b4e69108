import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnChart, usageText } from '../../src/command-line/usage-chart.ts';
import type { UsageResult } from '../../src/contract/analytics.ts';

const hourMs = 3_600_000;
const fromMs = Date.UTC(2026, 8, 29, 20);
const outcomes = { VALID: 9_000, RATE_LIMITED: 1_000 };
const result: UsageResult = {
  ...{ from: fromMs, to: fromMs + 4 * hourMs, granularity: 'hour', groupBy: 'outcome' },
  total: { count: 10_000, spentCredits: 500, outcomes },
  groups: [
    { group: 'VALID', count: 9_000, spentCredits: 500, outcomes: { VALID: 9_000 } },
    { group: 'RATE_LIMITED', count: 1_000, spentCredits: 0, outcomes: { RATE_LIMITED: 1_000 } },
  ],
  series: [
    { time: fromMs, group: 'VALID', count: 8_000 },
    { time: fromMs + 2 * hourMs, group: 'RATE_LIMITED', count: 1_000 },
    { time: fromMs + 2 * hourMs, group: 'VALID', count: 1_000 },
  ],
};

test('where there is no terminal, the numbers stand in plain columns', () => {
  assert.equal(
    usageText(result, undefined),
    [
      '2026-09-29T20:00Z to 2026-09-30T00:00Z, by hour: 10,000 verifications, ' +
        '9,000 of them VALID, 500 credits',
      '',
      'OUTCOME       COUNT  SHARE   CREDITS',
      'VALID         9,000  90.0 %  500',
      'RATE_LIMITED  1,000  10.0 %  0',
      '',
      'TIME               OUTCOME       COUNT',
      '2026-09-29T20:00Z  VALID         8000',
      '2026-09-29T22:00Z  RATE_LIMITED  1000',
      '2026-09-29T22:00Z  VALID         1000',
    ].join('\n'),
  );
});

test('on a terminal there is a chart over time, as wide as that, and a bar for each group', () => {
  const lines = usageText(result, 40).split('\n');
  assert.deepEqual(lines.slice(2, 10), [
    '█████████',
    '█████████',
    '█████████',
    '█████████',
    `█████████${' '.repeat(11)}▄▄▄▄▄▄▄▄▄`,
    `█████████${' '.repeat(11)}█████████`,
    '2026-09-29T20:00Z      2026-09-30T00:00Z',
    'highest 8,000 in one hour',
  ]);
  assert.match(lines[12] ?? '', /^VALID {9}9,000 {2}90\.0 % {2}500 {6}█{24}$/);
  assert.match(lines[13] ?? '', /^RATE_LIMITED {2}1,000 {2}10\.0 % {2}0 {8}██▊$/);
});

test('more buckets than columns are added up, and a single use can be seen', () => {
  assert.deepEqual(columnChart([1, 1, 4, 4], 2, 1), ['▂█']);
  assert.deepEqual(columnChart([1, 0, 1_000_000], 3, 1), ['▁ █']);
  assert.deepEqual(columnChart([0, 0], 2, 2), ['', '']);
});

test('months are as long as they are, and buckets without a count are in the chart', () => {
  const from = Date.UTC(2026, 0);
  const series = [{ time: Date.UTC(2026, 2), group: 'VALID', count: 5 }];
  const months = { ...result, from, to: Date.UTC(2026, 3), granularity: 'month' as const, series };
  const lines = usageText(months, 30).split('\n');
  assert.equal(lines[2], `${' '.repeat(20)}█████████`);
  assert.equal(lines[8], '2026-01                2026-04');
});

test('refusals of each group are told, and a name from outside cannot command the terminal', () => {
  const groups = [{ group: '\x1b[31mred', count: 10, spentCredits: 0, outcomes: { VALID: 4 } }];
  const text = usageText({ ...result, groupBy: 'tag', groups, series: [] }, undefined);
  assert.match(text, /^TAG +COUNT +SHARE +REFUSED +CREDITS$/m);
  assert.match(text, /^\ufffd\[31mred +10 +0\.1 % +6 +0$/m);
});

test('without any count there is a sentence that says what to try', () => {
  assert.match(usageText({ ...result, groups: [] }, 80), /Nothing was counted; --from 7d/);
});
