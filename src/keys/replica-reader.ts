/**
 * A worker's view of the replica. Every look-up is synchronous and local. The generation page says
 * whether anything changed since the last look-up: only then is the LMDB snapshot renewed, and only
 * after a change of documents are the small decoded ones forgotten.
 */

import { compileGrants, type Grants } from '../domain/grants.ts';
import type { DocumentKind, DocumentRecords, KeyRecord, RootKeyRecord } from '../domain/records.ts';
import type { NamespaceLookup } from '../limits/namespace.ts';
import type { GenerationPage } from './generation-page.ts';
import { decodeKeyRecord } from './key-codec.ts';
import { NamespaceCache } from './namespace-cache.ts';
import { hashKey, openReplicaTables, type ReplicaTables } from './replica-tables.ts';

export type RootKey = RootKeyRecord & { grants: Grants };

export type ReplicaReader = NamespaceLookup & {
  /** Kind 0: SHA-256 of the whole key; see `hashKey` for others. */
  keyByHash(hash: Buffer, kind?: number): KeyRecord | undefined;
  rootKeyByHash(hash: Buffer): RootKey | undefined;
  find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined;
  /** Reads from another file from now on. */
  switchTo(path: string): Promise<void>;
  close(): Promise<void>;
};

/** Decoded documents that are kept; past it all are forgotten, which costs a decode each. */
const cachedDocumentsMax = 10_000;

export function openReplicaReader(path: string, page: GenerationPage): ReplicaReader {
  // Before the file is opened: what is changed in between is then looked at again, not missed.
  const seen = { replica: page.replica(), documents: page.documents() };
  let tables = openReplicaTables(path, 'read');
  const documents = new Map<string, unknown>();
  const rootKeys = new Map<string, RootKey | undefined>();
  const namespaces = new NamespaceCache();

  function refresh(): void {
    const replica = page.replica();
    if (replica === seen.replica) return;
    seen.replica = replica;
    tables.root.resetReadTxn();
    const documentsNow = page.documents();
    if (documentsNow === seen.documents) return;
    seen.documents = documentsNow;
    forget();
  }

  function forget(): void {
    documents.clear();
    rootKeys.clear();
    namespaces.forget();
  }

  function remember<T>(cache: Map<string, T>, name: string, value: T): T {
    if (cache.size >= cachedDocumentsMax) cache.clear();
    cache.set(name, value);
    return value;
  }

  return {
    keyByHash(hash, kind = 0) {
      refresh();
      const bytes = tables.keys.getBinaryFast(hashKey(hash, kind));
      return bytes && decodeKeyRecord(bytes);
    },
    rootKeyByHash(hash) {
      refresh();
      const name = hash.toString('latin1');
      if (rootKeys.has(name)) return rootKeys.get(name);
      return remember(rootKeys, name, readRootKey(tables, hash));
    },
    find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined {
      refresh();
      const name = `${kind}:${id}`;
      // Identities may be as many as keys and change without a documents generation.
      if (kind === 'identity') return readDocument(tables, name) as DocumentRecords[K] | undefined;
      if (documents.has(name)) return documents.get(name) as DocumentRecords[K] | undefined;
      return remember(documents, name, readDocument(tables, name)) as
        | DocumentRecords[K]
        | undefined;
    },
    namespace(workspaceId, nameOrId) {
      refresh();
      return namespaces.find(tables, workspaceId, nameOrId);
    },
    async switchTo(nextPath) {
      const earlier = tables;
      tables = openReplicaTables(nextPath, 'read');
      forget();
      await earlier.root.close();
    },
    close: () => tables.root.close(),
  };
}

function readRootKey(tables: ReplicaTables, hash: Buffer): RootKey | undefined {
  const bytes = tables.rootKeys.getBinaryFast(hash);
  if (!bytes) return undefined;
  const record = JSON.parse(bytes.toString()) as RootKeyRecord;
  return { ...record, grants: compileGrants(record.workspaceId, record.permissions) };
}

function readDocument(tables: ReplicaTables, name: string): unknown {
  const bytes = tables.documents.getBinaryFast(name);
  return bytes && JSON.parse(bytes.toString());
}
