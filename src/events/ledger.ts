/**
 * The primary's memory of the spool: what was counted, which batches are under way, and which files
 * are already counted but perhaps not yet removed. One commit makes one step durable:
 *
 * 1. a batch is composed → committed → sent, at every try with the same rows and the same token;
 * 2. ClickHouse confirmed it → counted and marked as settled in the same commit;
 * 3. its files are removed; a crash before that finds it settled, and removes them without
 *    counting.
 *
 * The file has two slots of fixed size, written in turn and each with a checksum: a step that was
 * cut short leaves the one before. It never grows, so that a full disk does not keep the spool from
 * being emptied, as a manifest written beside and renamed would.
 */
import { closeSync, fdatasync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { assert } from '../lib/assert.ts';
import { mapFile } from '../lib/mapped-file.ts';
import type { Batch } from './batch.ts';

export type LedgerState = {
  /** Rows of the segments that were settled, by the count of their writers. */
  takenRows: number;
  insertedRows: number;
  quarantinedRows: number;
  /** Rows of segments that somebody else removed. */
  lostRows: number;
  /** Rows that were refused while quarantine was full. */
  overflowRows: number;
  /** Segments that stand in quarantine: damaged ones and those of another version. */
  quarantinedSegments: number;
  /** Inserts that ClickHouse confirmed. */
  insertCount: number;
  batches: Batch[];
  settled: Settled[];
};

/** Files whose rows are counted. */
export type Settled = { id: string; remove: string[]; quarantine: string[] };

export type Ledger = {
  readonly state: LedgerState;
  /** True when the file could not be read and was set aside: the counts begin at zero. */
  readonly wasUnreadable: boolean;
  /** Makes the state as it is now durable; rejects with the error of the operating system. */
  commit(): Promise<void>;
  close(): Promise<void>;
};

const slotBytes = 1 << 20;
const slotHeaderBytes = 24;
const magic = 0x474c4b4c; // "LKLG"
const version = 1;
const datasync = promisify(fdatasync);

/** Opens `<folder>/ledger`, and makes it at first. One process at a time. */
export function openLedger(folder: string): Ledger {
  const path = join(folder, 'ledger');
  let file = mapFile(path, 2 * slotBytes);
  let latest = readLatest(Buffer.from(file.buffer));
  const wasUnreadable = latest === undefined && !isBlank(Buffer.from(file.buffer));
  if (wasUnreadable) {
    file.unmap();
    renameSync(path, join(folder, 'quarantine', `ledger-${Date.now()}`));
    file = mapFile(path, 2 * slotBytes);
    latest = undefined;
  }
  const bytes = Buffer.from(file.buffer);
  const fd = openSync(path, 'r+');
  const state = latest?.state ?? emptyState();
  let sequence = latest?.sequence ?? 0;
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;

  async function write(): Promise<void> {
    waiting = undefined;
    sequence += 1;
    writeSlot(bytes.subarray((sequence % 2) * slotBytes).subarray(0, slotBytes), sequence, state);
    await datasync(fd);
  }

  return {
    state,
    wasUnreadable,
    commit() {
      // One at a time, or a crash of the machine might find both slots half written; whoever comes
      // while one runs shares the next.
      waiting ??= running
        .catch(() => {})
        .then(() => {
          running = write();
          return running;
        });
      return waiting;
    },
    async close() {
      await (waiting ?? running).catch(() => {});
      closeSync(fd);
      file.unmap();
    },
  };
}

function emptyState(): LedgerState {
  return {
    takenRows: 0,
    insertedRows: 0,
    quarantinedRows: 0,
    lostRows: 0,
    overflowRows: 0,
    quarantinedSegments: 0,
    insertCount: 0,
    batches: [],
    settled: [],
  };
}

function writeSlot(slot: Buffer, sequence: number, state: LedgerState): void {
  const text = Buffer.from(JSON.stringify(state));
  assert(text.length <= slotBytes - slotHeaderBytes, 'the ledger holds few batches of few pieces');
  text.copy(slot, slotHeaderBytes);
  slot.writeUInt32LE(magic, 0);
  slot.writeUInt32LE(version, 4);
  slot.writeDoubleLE(sequence, 8);
  slot.writeUInt32LE(text.length, 16);
  slot.writeUInt32LE(checksumOf(slot, text), 20);
}

function checksumOf(slot: Buffer, text: Buffer): number {
  return crc32(text, crc32(slot.subarray(0, 20)));
}

type Slot = { sequence: number; state: LedgerState };

function readSlot(slot: Buffer): Slot | undefined {
  if (slot.readUInt32LE(0) !== magic || slot.readUInt32LE(4) !== version) return undefined;
  const sequence = slot.readDoubleLE(8);
  const end = slotHeaderBytes + slot.readUInt32LE(16);
  if (end > slotBytes) return undefined;
  const text = slot.subarray(slotHeaderBytes, end);
  if (checksumOf(slot, text) !== slot.readUInt32LE(20)) return undefined;
  return { sequence, state: JSON.parse(text.toString()) };
}

function readLatest(bytes: Buffer): Slot | undefined {
  const slots = [bytes.subarray(0, slotBytes), bytes.subarray(slotBytes)].map(readSlot);
  const readable = slots.filter((slot) => slot !== undefined);
  return readable.sort((one, other) => other.sequence - one.sequence)[0];
}

function isBlank(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}
