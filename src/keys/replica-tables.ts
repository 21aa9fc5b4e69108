/** The tables of a replica file, for its one writer and its many readers alike. */
import { type Database, open, type RootDatabase } from 'lmdb';

/** Address space, not disk: a file that never outgrows it never has to be mapped again. */
const mapBytes = 2 ** 38;

export type ReplicaTables = {
  root: RootDatabase<unknown, string>;
  /** Key record by hash; see key-codec. */
  keys: Database<Buffer, Buffer>;
  /** Root-key record by hash, as JSON. */
  rootKeys: Database<Buffer, Buffer>;
  /** `key:<id>` or `rootKey:<id>` → the hash under which it is stored. */
  hashes: Database<Buffer, string>;
  /** `<kind>:<id>` → the record, as JSON; and the names of namespaces, see namespace-names. */
  documents: Database<Buffer, string>;
  /** `watermark` → which state of which database this is, as JSON. */
  state: Database<Buffer, string>;
};

export function openReplicaTables(path: string, mode: 'read' | 'write'): ReplicaTables {
  const root = open<unknown, string>({
    path,
    mapSize: mapBytes,
    maxDbs: 8,
    maxReaders: 2048,
    readOnly: mode === 'read',
  });
  return {
    root,
    keys: root.openDB({ name: 'keys', keyEncoding: 'binary', encoding: 'binary' }),
    rootKeys: root.openDB({ name: 'rootKeys', keyEncoding: 'binary', encoding: 'binary' }),
    hashes: root.openDB({ name: 'hashes', encoding: 'binary' }),
    documents: root.openDB({ name: 'documents', encoding: 'binary' }),
    state: root.openDB({ name: 'state', encoding: 'binary' }),
  };
}

/**
 * The look-up key of a hash. Kind 0 is SHA-256 of the whole key; the hash of an import under
 * another algorithm carries its kind in front, so that the two can never be taken for one another.
 */
export function hashKey(hash: Buffer, kind: number): Buffer {
  return kind === 0 ? hash : Buffer.concat([Buffer.of(kind), hash]);
}
