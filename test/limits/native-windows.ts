/** The native side of a table of windows, native/windows.c, as its tests use it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { LimitRequest, LimitVerdict, WindowTable } from '../../src/limits/window-table.ts';

const nativeFolder = join(import.meta.dirname, '../../native');

export type NativeWindows = {
  /** Of 16 requests at most, in ASCII. */
  takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[];
  /** What its clock shows from now on, for all tables of the process; before, the real time. */
  setClock(nowMs: number): void;
};

/** Brings the module up to date; to be called before `openNativeWindows`, by one process. */
export function buildNative(): void {
  const { status, stderr } = spawnSync('make', ['-C', nativeFolder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Counts in the file that `table` has open, under its seat. */
export function openNativeWindows(table: WindowTable): NativeWindows {
  const native = createRequire(import.meta.url)(join(nativeFolder, 'build/latchkey.node'));
  const { buffer, seat } = table.memory;
  return native.openWindows(buffer, seat);
}
