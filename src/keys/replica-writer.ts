/**
 * The one writer of a replica. A set of changes and the watermark that they reach are one LMDB
 * transaction: after a crash at any instruction the file holds exactly the state that its watermark
 * names, and applying the same changes again is harmless. (A change that throws, a defect of ours,
 * keeps the watermark where it was, though not the changes before it: they are made again.)
 */
import type { KeyRecord } from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import { decodeWholeKey } from './key-codec.ts';
import { applyChange, type ReplicaChange, toJson } from './replica-change.ts';
import { removeReplica } from './replica-files.ts';
import {
  type FillPlace,
  type ReplicaFill,
  startReplicaFill,
  watermarkName,
} from './replica-fill.ts';
import { entryCountOf, hashKey, openReplicaTables } from './replica-tables.ts';

export type ReplicaWriter = {
  readonly path: string;
  watermark(): Watermark | undefined;
  keyAt(hash: Buffer, hashKind: number): KeyRecord | undefined;
  /** Resolves when every process can read the changes. Without a watermark: a part of more. */
  apply(changes: readonly ReplicaChange[], watermark?: Watermark): Promise<void>;
  /** Of a replica that is empty and that nobody reads yet. */
  fill(): ReplicaFill;
  keyCount(): number;
  close(): Promise<void>;
  /** Closes and removes it. Nobody else may have it open. */
  discard(): Promise<void>;
};

export function openReplicaWriter(path: string): ReplicaWriter {
  let tables = openReplicaTables(path, 'write');
  const place: FillPlace = {
    path,
    tables: () => tables,
    async whileClosed(work) {
      // Its newest state is then the only one that it may come back to.
      await tables.root.flushed;
      await tables.root.close();
      try {
        await work();
      } finally {
        tables = openReplicaTables(path, 'write');
      }
    },
  };
  return {
    path,
    watermark() {
      const bytes = tables.state.getBinary(watermarkName);
      return bytes && (JSON.parse(bytes.toString()) as Watermark);
    },
    keyAt(hash, hashKind) {
      const bytes = tables.keys.getBinary(hashKey(hash, hashKind));
      return bytes && decodeWholeKey(bytes);
    },
    async apply(changes, watermark) {
      await tables.root.transaction(() => {
        for (const change of changes) applyChange(tables, change);
        if (watermark) tables.state.put(watermarkName, toJson(watermark));
      });
    },
    fill: () => startReplicaFill(place),
    keyCount: () => entryCountOf(tables.keys),
    close: () => tables.root.close(),
    async discard() {
      await tables.root.close();
      removeReplica(path);
    },
  };
}
