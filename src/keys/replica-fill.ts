/**
 * Fills an empty replica. Keys and identities are sorted, made into full pages (`tree-builder`) and
 * put into the file in one piece while LMDB has it closed: 0.8 µs a record; appended through LMDB
 * it takes 3, and in the order of chance 12 and 650 bytes for a record of 240, which are 260 here.
 * All else, and the watermark, is LMDB's to write.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Watermark } from '../domain/watermark.ts';
import { assert } from '../lib/assert.ts';
import { graftTrees } from './graft-trees.ts';
import { entryAt, HashSorter } from './hash-sorter.ts';
import { encodeIdentityRecord } from './identity-codec.ts';
import { encodeKeyRecord } from './key-codec.ts';
import type { PageSpace } from './page-builder.ts';
import type { RawKey } from './raw-key.ts';
import { RawKeyEncoder } from './raw-key-codec.ts';
import { applyChange, identityPlace, type ReplicaChange, toJson } from './replica-change.ts';
import { entryCountOf, hashKey, type ReplicaTables } from './replica-tables.ts';
import { type BuiltTree, TreeBuilder } from './tree-builder.ts';

export type ReplicaFill = {
  /** In any order, as everything else. Nothing of it is kept. */
  addKey(key: RawKey): void;
  add(changes: readonly ReplicaChange[]): void;
  /** The watermark comes last: without it a replica is known to be unfinished. */
  finish(watermark: Watermark): Promise<void>;
  /** After `finish`, or instead of it. */
  close(): void;
};

/** A replica that can be closed for a while. */
export type FillPlace = {
  readonly path: string;
  tables(): ReplicaTables;
  /** Afterwards `tables` says others. */
  whileClosed(work: () => Promise<void>): Promise<void>;
};

export const watermarkName = 'watermark';
/** What memory may hold of the keys while they are sorted: a million of them and some more. */
const sortedBytesMax = 2 ** 28 * 1.5;

export function startReplicaFill(place: FillPlace): ReplicaFill {
  const sortPath = `${place.path}-sorting`;
  const keptBytesMax = Math.min(sortedBytesMax, process.availableMemory() / 4);
  const keys = new HashSorter(sortPath, keptBytesMax);
  const identities = new HashSorter(sortPath, 0);
  const encoder = new RawKeyEncoder();

  async function graft(): Promise<void> {
    await graftTrees(place.path, async (space) => {
      const trees = new Map<string, BuiltTree>();
      for (const [name, sorter] of [
        ['keys', keys],
        ['identities', identities],
      ] as const) {
        const tree = await buildTree(sorter, space);
        if (tree) trees.set(name, tree);
      }
      return trees;
    });
  }

  return {
    addKey(key) {
      const at = keys.reserve(key.hash, encoder.recordBytes(key), key.hashKind);
      encoder.write(key, keys.memory, at);
    },
    add(changes) {
      const others: ReplicaChange[] = [];
      for (const change of changes) {
        if (change.kind === 'key' && change.record) {
          keys.add(hashKey(change.hash, change.hashKind), encodeKeyRecord(change.record));
        } else if (change.kind === 'identity' && change.record) {
          identities.add(identityPlace(change.id), encodeIdentityRecord(change.record));
        } else {
          others.push(change);
        }
      }
      if (others.length === 0) return;
      const tables = place.tables();
      tables.root.transactionSync(() => {
        for (const change of others) applyChange(tables, change);
      });
    },
    async finish(watermark) {
      await place.whileClosed(graft);
      const tables = place.tables();
      assert(entryCountOf(tables.keys) === keys.entryCount, 'LMDB finds the keys it was given');
      await tables.root.transaction(() => {
        tables.state.put(watermarkName, toJson(watermark));
      });
      await tables.root.flushed;
    },
    close() {
      keys.close();
      identities.close();
    },
  };
}

async function buildTree(sorter: HashSorter, space: PageSpace): Promise<BuiltTree | undefined> {
  const builder = new TreeBuilder(space);
  for (const { bytes, places } of sorter.sorted()) {
    for (const place of places) {
      const { hashAt, recordAt, end } = entryAt(bytes, place);
      builder.add(bytes, { start: hashAt, end }, recordAt - hashAt);
    }
    await breathe();
  }
  return builder.finish();
}
