/**
 * What the processes around one spool must add up together, in a small file that all of them map:
 * events that were dropped, by reason, and the size of the spool. Atomic additions, so that a count
 * is exact whoever dies when, and it survives a restart.
 */
import { join } from 'node:path';
import { mapFile } from '../lib/mapped-file.ts';

/**
 * Why an event was not spooled. The position is the slot in the file: append, never reorder.
 * `spool_full`: the limit over the whole folder is reached; `disk_full`: the file system has no
 * room (or no quota); `disk_failed`: any other error of the file system; `too_large`: larger than a
 * segment; `closed`: after the writer was closed.
 */
export const dropReasons = [
  'spool_full',
  'disk_full',
  'disk_failed',
  'too_large',
  'closed',
] as const;
export type DropReason = (typeof dropReasons)[number];

export type SpoolCounters = {
  drop(reason: DropReason): void;
  dropped(): Record<DropReason, number>;
  /** As last listed by the primary, and what was made since. */
  spoolBytes(): number;
  addSpoolBytes(byteLength: number): void;
  setSpoolBytes(byteLength: number): void;
  close(): void;
};

const fileBytes = 4096;
const spoolBytesSlot = 0;
const firstDropSlot = 16;

/** Maps `<folder>/counters`, and makes it at first. Throws as `mapFile` does. */
export function openSpoolCounters(folder: string): SpoolCounters {
  const file = mapFile(join(folder, 'counters'), fileBytes);
  const slots = new BigInt64Array(file.buffer);
  return {
    drop(reason) {
      Atomics.add(slots, firstDropSlot + dropReasons.indexOf(reason), 1n);
    },
    dropped() {
      const counts = dropReasons.map((reason, index) => [
        reason,
        Number(Atomics.load(slots, firstDropSlot + index)),
      ]);
      return Object.fromEntries(counts) as Record<DropReason, number>;
    },
    spoolBytes: () => Number(Atomics.load(slots, spoolBytesSlot)),
    addSpoolBytes(byteLength) {
      Atomics.add(slots, spoolBytesSlot, BigInt(byteLength));
    },
    setSpoolBytes(byteLength) {
      Atomics.store(slots, spoolBytesSlot, BigInt(byteLength));
    },
    close: () => file.unmap(),
  };
}
