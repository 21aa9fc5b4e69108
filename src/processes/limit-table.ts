/** The node's table of limits: sized before any worker counts in it, read by the primary. */
import type { Releasers } from '../lib/releasers.ts';
import { prepareWindowTable } from '../limits/prepare-window-table.ts';
import { type TableOccupancy, WindowTable } from '../limits/window-table.ts';

export type LimitTable = {
  /** To be called once, with the number of keys that are there, before the workers start. */
  open(keyCount: number): void;
  /** Nothing before that. */
  occupancy(nowMs: number): TableOccupancy;
};

const slotsMin = 2 ** 18;
const slotsMax = 2 ** 22;
const nothing: TableOccupancy = { slotCount: 0, usedCount: 0, refusedCount: 0 };

/** `slots` 0: what so many keys may need with a limit each. */
export function createLimitTable(path: string, slots: number, releasers: Releasers): LimitTable {
  let table: WindowTable | undefined;
  return {
    open(keyCount) {
      prepareWindowTable(path, slots || slotsFor(keyCount), Date.now());
      const opened = new WindowTable(path);
      table = opened;
      releasers.push('limits', () => {
        table = undefined;
        opened.close();
      });
    },
    occupancy: (nowMs) => table?.occupancy(nowMs) ?? nothing,
  };
}

/** Two for each key: some are still counting in the window before. */
export function slotsFor(keyCount: number): number {
  return Math.min(Math.max(keyCount * 2, slotsMin), slotsMax);
}
