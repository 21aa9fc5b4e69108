/**
 * Brings the file of a table of credits to the wanted size before anybody spends of it, with the
 * leases that are in it.
 *
 * What was spent is in the page cache at once, but on the disk only later. After a crash of the
 * machine the file may say that there is more left than there is, and nobody could tell; so a file
 * that was made in an earlier boot of the machine is not believed.
 */
import { readFileSync } from 'node:fs';
import {
  creditBuckets,
  creditsAt,
  creditTableKind,
  creditTagAt,
  keysPerBucket,
  unleasedAt,
} from './credit-layout.ts';
import { createTableFile, headerSpareAt, openTableFile, type TableFile } from './table-file.ts';
import { wordHigh, wordLow } from './word.ts';

/**
 * To be called by the primary while no other process has the table open. Gives the size that the
 * table has now: the wanted one, rounded up, or the old one if its leases do not all fit into the
 * wanted one. If the file is of an earlier boot, or there is none, the table is empty: the grants
 * of all of this node's leases are then `lost`.
 *
 * Throws an Error if the file is of a format that this version does not read.
 */
export function prepareCreditTable(path: string, slotCount: number, boot = bootNumber()): number {
  const bucketCount = Math.max(2, Math.ceil(slotCount / keysPerBucket));
  const wanted = bucketCount * keysPerBucket;
  const old = openTableFile(path, creditTableKind);
  try {
    const isBelieved = old?.words[headerSpareAt] === boot;
    if (old && isBelieved && old.bucketCount === bucketCount) return wanted;
    let fitted = true;
    createTableFile(path, {
      kind: creditTableKind,
      bucketCount,
      ...(old && { tagKey: old.tagKey }),
      fill(table) {
        table.words[headerSpareAt] = boot;
        if (old && isBelieved) fitted = copyLeases(old, table);
        return fitted;
      },
    });
    return fitted || !old ? wanted : old.bucketCount * keysPerBucket;
  } finally {
    old?.unmap();
  }
}

function copyLeases(from: TableFile, to: TableFile): boolean {
  for (let slot = 0; slot < from.bucketCount * keysPerBucket; slot += 1) {
    const tag = from.words[creditTagAt(slot)] as bigint;
    if (tag === 0n) continue;
    const room = findRoom(tag, to);
    if (room < 0) return false;
    to.words[creditTagAt(room)] = tag;
    to.words[creditsAt(room)] = from.words[creditsAt(slot)] as bigint;
    to.words[unleasedAt(room)] = from.words[unleasedAt(slot)] as bigint;
  }
  return true;
}

function findRoom(tag: bigint, { words, bucketCount }: TableFile): number {
  const buckets = creditBuckets(wordLow(tag), wordHigh(tag), bucketCount);
  for (let place = 0; place < keysPerBucket; place += 1) {
    for (const bucket of buckets) {
      const slot = bucket * keysPerBucket + place;
      if (words[creditTagAt(slot)] === 0n) return slot;
    }
  }
  return -1;
}

/** Another after each boot of the machine; 0 where the system does not tell (macOS). */
function bootNumber(): bigint {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '');
    return BigInt(`0x${id.slice(0, 15)}`);
  } catch {
    return 0n;
  }
}
