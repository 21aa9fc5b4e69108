/**
 * A worker's view of the replica. Every look-up is synchronous and local. The generation page says
 * whether anything changed since the last look-up: only then is the LMDB snapshot renewed, and only
 * after a change of documents are the small decoded ones forgotten.
 */
import type { DocumentKind, DocumentRecords, IdentityRecord } from '../domain/records.ts';
import type { NamespaceLookup } from '../limits/namespace.ts';
import type { KeyLookup } from '../verify/ports.ts';
import { gatherRights } from '../verify/rights.ts';
import { DocumentCache, type RootKey } from './document-cache.ts';
import type { GenerationPage } from './generation-page.ts';
import { decodeIdentityRecord } from './identity-codec.ts';
import { decodeKeyRecord } from './key-codec.ts';
import { digestKey, identityKey } from './replica-tables.ts';
import { ReplicaView } from './replica-view.ts';
import { parseIdentityTraits, TraitsCache } from './traits.ts';

export type ReplicaReader = NamespaceLookup &
  KeyLookup & {
    /** `token`: the whole root key. */
    rootKeyByToken(token: string): RootKey | undefined;
    /** Reads from another file from now on. */
    switchTo(path: string): Promise<void>;
    close(): Promise<void>;
  };

/** An idle worker looks so often, so that the writer can use old pages again. */
const idleRenewalMs = 1000;

export function openReplicaReader(path: string, page: GenerationPage): ReplicaReader {
  // Before the file is opened: what is changed in between is then looked at again, not missed.
  const seen = { replica: page.replica(), documents: page.documents() };
  let view = new ReplicaView(path);
  const cache = new DocumentCache();
  const identityTraits = new TraitsCache(parseIdentityTraits);
  const readIdentityTraits = (record: string, length: number) =>
    identityTraits.read(record, length);
  const idleRenewal = setInterval(refresh, idleRenewalMs).unref();

  function refresh(): void {
    const replica = page.replica();
    if (replica === seen.replica) return;
    seen.replica = replica;
    view.renew();
    const documentsNow = page.documents();
    if (documentsNow === seen.documents) return;
    seen.documents = documentsNow;
    cache.forget();
  }

  /** Identities may be as many as keys and change without a documents generation. */
  function findIdentity(id: string): IdentityRecord | undefined {
    const { file, identitiesRoot } = view;
    if (!file.find(identitiesRoot, identityKey(id))) return undefined;
    return decodeIdentityRecord(file, id, readIdentityTraits);
  }

  function find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined {
    refresh();
    const found =
      kind === 'identity' ? findIdentity(id) : cache.document(view.tables, `${kind}:${id}`);
    return found as DocumentRecords[K] | undefined;
  }

  return {
    keyByDigest(digest, kind = 0) {
      refresh();
      const { file, keysRoot } = view;
      if (!file.find(keysRoot, digestKey(digest, kind))) return undefined;
      const { key, traits } = decodeKeyRecord(file, cache.keyTraits);
      // A document that changes meanwhile makes the traits forgotten, and these rights with them.
      traits.rights ??= gatherRights({ find }, traits);
      return { key, rights: traits.rights };
    },
    rootKeyByToken(token) {
      refresh();
      return cache.rootKey(view.tables, token);
    },
    find,
    namespace(workspaceId, nameOrId) {
      refresh();
      return cache.namespace(view.tables, workspaceId, nameOrId);
    },
    async switchTo(nextPath) {
      const earlier = view;
      view = new ReplicaView(nextPath);
      cache.forget();
      await earlier.close();
    },
    async close() {
      clearInterval(idleRenewal);
      await view.close();
    },
  };
}
