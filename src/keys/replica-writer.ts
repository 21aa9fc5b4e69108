/**
 * The one writer of a replica. A set of changes and the watermark that they reach are one LMDB
 * transaction: after a crash at any instruction the file holds exactly the state that its watermark
 * names, and applying the same changes again is harmless. (A change that throws, a defect of ours,
 * keeps the watermark where it was, though not the changes before it: they are made again.)
 */
import type {
  DocumentKind,
  DocumentRecords,
  IdentityRecord,
  KeyRecord,
  RootKeyRecord,
} from '../domain/records.ts';
import type { Watermark } from '../domain/watermark.ts';
import { encodeIdentityRecord } from './identity-codec.ts';
import { encodeKeyRecord } from './key-codec.ts';
import { moveNamespaceName } from './namespace-names.ts';
import { hashKey, identityKey, openReplicaTables, type ReplicaTables } from './replica-tables.ts';

/** A change to one document: its new state, or that it is gone. */
export type ReplicaChange =
  | { kind: 'key'; id: string; hash: Buffer; hashKind: number; record: KeyRecord }
  | { kind: 'rootKey'; id: string; hash: Buffer; record: RootKeyRecord }
  | { [K in DocumentKind]: { kind: K; id: string; record: DocumentRecords[K] } }[DocumentKind]
  | { kind: DocumentKind | 'key' | 'rootKey'; id: string; record: undefined };

export type ReplicaWriter = {
  readonly path: string;
  watermark(): Watermark | undefined;
  /** Resolves when every process can read the changes. Without a watermark: a part of more. */
  apply(changes: readonly ReplicaChange[], watermark?: Watermark): Promise<void>;
  keyCount(): number;
  /** Resolves when what was applied is on the disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

const watermarkName = 'watermark';

export function openReplicaWriter(path: string): ReplicaWriter {
  const tables = openReplicaTables(path, 'write');
  return {
    path,
    watermark() {
      const bytes = tables.state.getBinary(watermarkName);
      return bytes && (JSON.parse(bytes.toString()) as Watermark);
    },
    async apply(changes, watermark) {
      await tables.root.transaction(() => {
        for (const change of changes) applyOne(tables, change);
        if (watermark) tables.state.put(watermarkName, toJson(watermark));
      });
    },
    keyCount: () => (tables.keys.getStats() as { entryCount: number }).entryCount,
    flush: async () => void (await tables.root.flushed),
    close: () => tables.root.close(),
  };
}

function applyOne(tables: ReplicaTables, change: ReplicaChange): void {
  if (change.kind === 'namespace') moveNamespaceName(tables, change.id, change.record);
  if (change.kind === 'identity') {
    applyIdentity(tables, change.id, change.record);
  } else if (change.record === undefined) {
    remove(tables, change.kind, change.id);
  } else if (change.kind === 'key') {
    const bytes = encodeKeyRecord(change.record);
    putByHash(tables, change, { hash: hashKey(change.hash, change.hashKind), bytes });
  } else if (change.kind === 'rootKey') {
    putByHash(tables, change, { hash: change.hash, bytes: toJson(change.record) });
  } else {
    tables.documents.put(`${change.kind}:${change.id}`, toJson(change.record));
  }
}

function applyIdentity(
  { identities }: ReplicaTables,
  id: string,
  record: IdentityRecord | undefined,
): void {
  const place = Buffer.from(identityKey(id), 'latin1');
  if (record) identities.put(place, encodeIdentityRecord(record));
  else identities.remove(place);
}

type Hashed = { kind: 'key' | 'rootKey'; id: string };

function putByHash(
  tables: ReplicaTables,
  { kind, id }: Hashed,
  { hash, bytes }: { hash: Buffer; bytes: Buffer },
): void {
  const table = tableOf(tables, kind);
  const name = `${kind}:${id}`;
  const earlier = tables.hashes.getBinary(name);
  // A key that was imported under another hash, or whose hash changed, must not answer to the old.
  if (earlier && !earlier.equals(hash)) table.remove(earlier);
  if (!earlier?.equals(hash)) tables.hashes.put(name, hash);
  table.put(hash, bytes);
}

function remove(tables: ReplicaTables, kind: ReplicaChange['kind'], id: string): void {
  const name = `${kind}:${id}`;
  if (kind !== 'key' && kind !== 'rootKey') {
    tables.documents.remove(name);
    return;
  }
  const hash = tables.hashes.getBinary(name);
  if (!hash) return;
  tableOf(tables, kind).remove(hash);
  tables.hashes.remove(name);
}

function tableOf(tables: ReplicaTables, kind: Hashed['kind']) {
  return kind === 'key' ? tables.keys : tables.rootKeys;
}

function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
