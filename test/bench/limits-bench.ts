/**
 * What one take and one spend cost, alone and with other processes at the same counters:
 *
 *     node test/bench/limits-bench.ts [--json]
 *
 * Each figure is the median of five rounds, in ns. The others run on the other cores, if there are
 * any: on one core nothing is contended.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { KeyedTag } from '../../src/limits/keyed-tag.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { WindowTable } from '../../src/limits/window-table.ts';

const roundCount = 5;
const rivalCount = Math.min(3, availableParallelism() - 1);
const manyCount = 100_000;
const nowMs = 1_800_000_000_000;

function limit(item: number, max = 2 ** 53 - 1) {
  const identifier = `key_${String(item).padStart(9, '0')}`;
  const durationMs = 60_000;
  return {
    workspaceId: 'ws_abcdefghi',
    scope: 'requests',
    identifier,
    durationMs,
    limit: max,
    cost: 1,
  };
}

const one = limit(1);
const refused = limit(2, 1);
const three = [limit(3), limit(4), limit(5)];
const many = Array.from({ length: manyCount }, (_, item) => limit(item + 10));

function open(folder: string): Record<string, (turn: number) => unknown> {
  const windows = new WindowTable(join(folder, 'windows'), () => nowMs);
  const credits = new CreditTable(join(folder, 'credits'));
  const tag = new KeyedTag(new Int32Array([1, 2]));
  return {
    'one limit': () => windows.take(one, nowMs),
    'one limit, refused': () => windows.take(refused, nowMs),
    'three limits': () => windows.takeAll(three, nowMs),
    [`one limit of ${manyCount} counters`]: (turn) =>
      windows.take(many[turn % manyCount] as typeof one, nowMs),
    'one credit': () => credits.spend('key_abcdefghi', 1),
    'the hash in each of them': () => tag.make(60_000, 'ws_abcdefghi', 'requests', 'key_000000001'),
  };
}

function nsPerTurn(act: (turn: number) => unknown, turns: number): number {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < turns; turn += 1) act(turn);
  return Number(process.hrtime.bigint() - start) / turns;
}

function measure(act: (turn: number) => unknown): number {
  nsPerTurn(act, 200_000);
  const rounds = Array.from({ length: roundCount }, () => nsPerTurn(act, 200_000));
  return Math.round(rounds.sort((first, second) => first - second)[roundCount >> 1] as number);
}

/** A rival does the named thing until its channel closes. */
function rival(folder: string, name: string): void {
  const act = open(folder)[name] as (turn: number) => unknown;
  const spin = () => {
    if (!process.connected) return;
    nsPerTurn(act, 20_000);
    setImmediate(spin);
  };
  spin();
  process.send?.('running');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  prepareWindowTable(join(folder, 'windows'), 262_144, nowMs);
  prepareCreditTable(join(folder, 'credits'), 1000);
  const acts = open(folder);
  const credits = new CreditTable(join(folder, 'credits'));
  const mark = credits.reserve('key_abcdefghi') as number;
  credits.grant('key_abcdefghi', { amount: 2 ** 52, mark });
  const results: { what: string; aloneNs: number; contendedNs: number }[] = [];
  for (const [what, act] of Object.entries(acts)) {
    const aloneNs = measure(act);
    const rivals = Array.from({ length: rivalCount }, () =>
      fork(import.meta.filename, ['rival', folder, what]),
    );
    await Promise.all(rivals.map((child) => once(child, 'message')));
    const contendedNs = measure(act);
    for (const child of rivals) child.disconnect();
    await Promise.all(rivals.map((child) => once(child, 'exit')));
    results.push({ what, aloneNs, contendedNs });
  }
  rmSync(folder, { recursive: true });
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ rivalCount, results })}\n`);
    return;
  }
  process.stdout.write(`ns, median of ${roundCount}\talone\twith ${rivalCount} rival(s)\n`);
  for (const { what, aloneNs, contendedNs } of results) {
    process.stdout.write(`${what.padEnd(32)}${aloneNs}\t${contendedNs}\n`);
  }
}

if (process.argv[2] === 'rival') rival(process.argv[3] as string, process.argv[4] as string);
else await main();
