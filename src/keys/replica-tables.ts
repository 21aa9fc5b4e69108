/** The tables of a replica file, for its one writer and its many readers alike. */
import { type Database, open, type RootDatabase } from 'lmdb';
import { windowBytes } from './tree-file.ts';

export type ReplicaTables = {
  root: RootDatabase<unknown, string>;
  /** Key record by hash; see key-codec. */
  keys: Database<Buffer, Buffer>;
  /** Root-key record by hash, as JSON. */
  rootKeys: Database<Buffer, Buffer>;
  /** `rootKey:<id>` → the hash under which it is stored. */
  hashes: Database<Buffer, string>;
  /** Identity by `identityKey`; see identity-codec. */
  identities: Database<Buffer, Buffer>;
  /** `<kind>:<id>` → a record of another kind, as JSON; and names, see namespace-names. */
  documents: Database<Buffer, string>;
  /** `watermark` → which state of which database this is, as JSON. */
  state: Database<Buffer, string>;
};

export function openReplicaTables(path: string, mode: 'read' | 'write'): ReplicaTables {
  const root = open<unknown, string>({
    path,
    mapSize: windowBytes,
    maxDbs: 8,
    maxReaders: 2048,
    readOnly: mode === 'read',
  });
  return {
    root,
    keys: root.openDB({ name: 'keys', keyEncoding: 'binary', encoding: 'binary' }),
    rootKeys: root.openDB({ name: 'rootKeys', keyEncoding: 'binary', encoding: 'binary' }),
    hashes: root.openDB({ name: 'hashes', encoding: 'binary' }),
    identities: root.openDB({ name: 'identities', keyEncoding: 'binary', encoding: 'binary' }),
    documents: root.openDB({ name: 'documents', encoding: 'binary' }),
    state: root.openDB({ name: 'state', encoding: 'binary' }),
  };
}

/**
 * What a key is stored under. Kind 0 is SHA-256 of the whole key; the hash of an import under
 * another algorithm carries its kind behind it, so that the two can never be taken for one another.
 */
export function hashKey(hash: Buffer, kind: number): Buffer {
  return kind === 0 ? hash : Buffer.concat([hash, Buffer.of(kind)]);
}

/** The same of a digest as characters. */
export function digestKey(digest: string, kind: number): string {
  return kind === 0 ? digest : digest + String.fromCharCode(kind);
}

/** What an identity is stored under: four bytes of a hash (FNV-1a) make such keys uniform. */
export function identityKey(identityId: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < identityId.length; at += 1) {
    hash = Math.imul(hash ^ identityId.charCodeAt(at), 0x01000193);
  }
  // The last characters have not reached the highest bits yet.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 13;
  const [one, two] = [(hash >>> 24) & 255, (hash >>> 16) & 255];
  return String.fromCharCode(one, two, (hash >>> 8) & 255, hash & 255) + identityId;
}

export function entryCountOf(table: Database<Buffer, Buffer>): number {
  return (table.getStats() as { entryCount: number }).entryCount;
}
