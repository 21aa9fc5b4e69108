/**
 * A process that takes limits, or spends credits, as fast as it can, for the tests of exactness
 * between processes. Started by hammers.ts; its arguments are the files to map and
 * its own number.
 */

import { mapFile } from '../../src/lib/mapped-file.ts';
import { CreditTable } from '../../src/limits/credit-table.ts';
import {
  type LimitRequest,
  type LimitVerdict,
  WindowTable,
} from '../../src/limits/window-table.ts';
import { cellBytes, cellCount, cellOf, clockCell, startCell } from './hammer-cells.ts';
import { type NativeWindows, openNativeWindows } from './native-windows.ts';

export type HammerPaths = { windows: string; credits: string; cells: string; baseMs: number };

/** `turns` takes, the choices in turn, from the moment when the start cell has come to `start`. */
export type HammerOrder = { start: number; turns: number } & (
  | {
      kind: 'take';
      choices: readonly (readonly LimitRequest[])[];
      /** By default in TypeScript; both: under one seat, the choices all by one, then the other. */
      by?: 'native' | 'both';
    }
  | { kind: 'spend'; choices: readonly { keyId: string; cost: number }[] }
);

const [pathsJson = '', numberText = ''] = process.argv.slice(2);
const paths = JSON.parse(pathsJson) as HammerPaths;
const firstCell = cellCount * (Number(numberText) + 1);
const cells = new Int32Array(mapFile(paths.cells, cellBytes).buffer);
const baseMs = paths.baseMs;
const clock = () => baseMs + Atomics.load(cells, clockCell);
const windows = new WindowTable(paths.windows, clock);
const credits = new CreditTable(paths.credits);
let native: NativeWindows | undefined;

process.on('message', (order: HammerOrder) => {
  const tally = order.choices.map(() => 0);
  while (Atomics.load(cells, startCell) < order.start) {}
  // Nobody's child runs for ever, not even if its parent is gone.
  const giveUpAtMs = Date.now() + 30_000;
  for (let turn = 0; turn < order.turns && Date.now() < giveUpAtMs; turn += 1) {
    const choice = turn % order.choices.length;
    const admitted = order.kind === 'spend' ? spend(order, choice) : take(order, turn);
    if (admitted) tally[choice] = (tally[choice] ?? 0) + 1;
  }
  process.send?.(tally);
});

function spend(order: HammerOrder & { kind: 'spend' }, choice: number): boolean {
  const { keyId, cost } = order.choices[choice] as { keyId: string; cost: number };
  if (credits.spend(keyId, cost).outcome !== 'spent') return false;
  writeDown(choice, 0);
  return true;
}

/** An admitted take is written down under the window that it was counted in. */
function take(order: HammerOrder & { kind: 'take' }, turn: number): boolean {
  const choice = turn % order.choices.length;
  const requests = order.choices[choice] ?? [];
  const isOddRound = Math.floor(turn / order.choices.length) % 2 === 1;
  const isNative = order.by === 'native' || (order.by === 'both' && isOddRound);
  const verdicts = isNative ? takeNative(requests) : windows.takeAll(requests, clock());
  if (verdicts.some((verdict) => verdict.exceeded)) return false;
  const resetAtMs = verdicts[0]?.resetAtMs ?? 0;
  const window = Math.floor((resetAtMs - baseMs) / (requests[0]?.durationMs ?? 1)) - 1;
  writeDown(choice, window);
  return true;
}

function takeNative(requests: readonly LimitRequest[]): LimitVerdict[] {
  native ??= openNativeWindows(windows);
  const nowMs = clock();
  native.setClock(nowMs);
  return native.takeAll(requests, nowMs);
}

function writeDown(choice: number, window: number): void {
  if (choice < 2) Atomics.add(cells, firstCell + cellOf(choice, window), 1);
}

process.send?.('ready');
