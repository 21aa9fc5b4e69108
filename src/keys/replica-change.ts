/** A change to one document of the replica, and how it is made. */
import type {
  DocumentKind,
  DocumentRecords,
  IdentityRecord,
  KeyRecord,
  RootKeyRecord,
} from '../domain/records.ts';
import { encodeIdentityRecord } from './identity-codec.ts';
import { encodeKeyRecord } from './key-codec.ts';
import { moveNamespaceName } from './namespace-names.ts';
import { hashKey, identityKey, type ReplicaTables } from './replica-tables.ts';

/** The new state of a document; `undefined`: it is gone. */
export type ReplicaChange = KeyChange | RootKeyChange | DocumentChange;

/** A key is known by its hash alone: one that moves to another hash is gone from the first. */
export type KeyChange = {
  kind: 'key';
  hash: Buffer;
  hashKind: number;
  record: KeyRecord | undefined;
};

type RootKeyChange =
  | { kind: 'rootKey'; id: string; hash: Buffer; record: RootKeyRecord }
  | { kind: 'rootKey'; id: string; record: undefined };

export type IdentityChange = { kind: 'identity'; id: string; record: IdentityRecord | undefined };

export type DocumentChange = {
  [K in DocumentKind]: { kind: K; id: string; record: DocumentRecords[K] | undefined };
}[DocumentKind];

/** Within a transaction. */
export function applyChange(tables: ReplicaTables, change: ReplicaChange): void {
  if (change.kind === 'key') applyToKeys(tables, change);
  else if (change.kind === 'rootKey') applyToRootKeys(tables, change);
  else if (change.kind === 'identity') applyToIdentities(tables, change);
  else applyToDocuments(tables, change);
}

function applyToKeys(tables: ReplicaTables, { hash, hashKind, record }: KeyChange): void {
  const name = hashKey(hash, hashKind);
  if (record) tables.keys.put(name, encodeKeyRecord(record));
  else tables.keys.remove(name);
}

function applyToRootKeys({ rootKeys, hashes }: ReplicaTables, change: RootKeyChange): void {
  const name = `rootKey:${change.id}`;
  const earlier = hashes.getBinary(name);
  // A root key whose hash has changed must not answer to the old one.
  if (earlier && !(change.record && earlier.equals(change.hash))) {
    rootKeys.remove(earlier);
    hashes.remove(name);
  }
  if (!change.record) return;
  hashes.put(name, change.hash);
  rootKeys.put(change.hash, toJson(change.record));
}

function applyToIdentities({ identities }: ReplicaTables, { id, record }: IdentityChange): void {
  if (record) identities.put(identityPlace(id), encodeIdentityRecord(record));
  else identities.remove(identityPlace(id));
}

export function identityPlace(id: string): Buffer {
  return Buffer.from(identityKey(id), 'latin1');
}

function applyToDocuments(tables: ReplicaTables, change: DocumentChange): void {
  if (change.kind === 'namespace') moveNamespaceName(tables, change.id, change.record);
  const name = `${change.kind}:${change.id}`;
  if (change.record) tables.documents.put(name, toJson(change.record));
  else tables.documents.remove(name);
}

export function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
