/**
 * A worker's view of the replica. Every look-up is synchronous and local. The generation page says
 * whether anything changed since the last look-up: only then is the LMDB snapshot renewed, and only
 * after a change of documents are the small decoded ones forgotten.
 */
import type { DocumentKind, DocumentRecords, IdentityRecord } from '../domain/records.ts';
import type { NamespaceLookup } from '../limits/namespace.ts';
import type { KeyLookup } from '../verify/ports.ts';
import { gatherRights, type Rights } from '../verify/rights.ts';
import { DocumentCache, type KeyTraitsWithRights, type RootKey } from './document-cache.ts';
import type { GenerationPage } from './generation-page.ts';
import { decodeIdentityRecord } from './identity-codec.ts';
import { decodeKeyRecord } from './key-codec.ts';
import { digestKey, identityKey } from './replica-tables.ts';
import { ReplicaView } from './replica-view.ts';
import { type KeyTraits, parseIdentityTraits, TraitsCache } from './traits.ts';

export type ReplicaReader = NamespaceLookup &
  KeyLookup & {
    /** `token`: the whole root key. */
    rootKeyByToken(token: string): RootKey | undefined;
    /** What the text stands for that keys of the same traits have in their records. */
    traitsOf(text: string): KeyTraits & { rights: Rights };
    /** Goes on to the newest state. Every look-up does so by itself. */
    refresh(): void;
    /** Reads from another file from now on. */
    switchTo(path: string): Promise<void>;
    close(): Promise<void>;
  };

/** A state of the replica, for whoever reads keys and identities in its file by itself. */
export type ReplicaState = {
  file: ArrayBuffer;
  keysRoot: number;
  identitiesRoot: number;
  /** What `GenerationPage.replica` said before the state was looked at. */
  generation: number;
  /** Whether a document may have changed since the state before. */
  hasOtherDocuments: boolean;
};

/** Told of each state before anything is looked up in it, and undefined when the last one ends. */
export type OnReplicaState = (state: ReplicaState | undefined) => void;

/** An idle worker looks so often, so that the writer can use old pages again. */
const idleRenewalMs = 1000;

/** Follows the generation page: the state that is read, and what was decoded of its documents. */
class ReplicaFollower {
  view: ReplicaView;
  readonly cache = new DocumentCache();
  readonly #page: GenerationPage;
  readonly #onState: OnReplicaState;
  readonly #idleRenewal = setInterval(() => this.refresh(), idleRenewalMs).unref();
  #replica: number;
  #documents: number;

  constructor(path: string, page: GenerationPage, onState: OnReplicaState) {
    this.#page = page;
    this.#onState = onState;
    // Before the file is opened: what is changed in between is then looked at again, not missed.
    this.#replica = page.replica();
    this.#documents = page.documents();
    this.view = new ReplicaView(path);
    this.#tell(true);
  }

  refresh(): void {
    const replica = this.#page.replica();
    if (replica === this.#replica) return;
    this.#replica = replica;
    // Before the state is looked at: what changes meanwhile is then another change, and not missed.
    const documents = this.#page.documents();
    this.view.renew();
    const hasOtherDocuments = documents !== this.#documents;
    this.#documents = documents;
    if (hasOtherDocuments) this.cache.forget();
    this.#tell(hasOtherDocuments);
  }

  async switchTo(path: string): Promise<void> {
    const earlier = this.view;
    this.view = new ReplicaView(path);
    this.cache.forget();
    this.#tell(true);
    await earlier.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#idleRenewal);
    this.#onState(undefined);
    await this.view.close();
  }

  #tell(hasOtherDocuments: boolean): void {
    const { keysRoot, identitiesRoot } = this.view;
    const { buffer: file } = this.view.file;
    const generation = this.#replica;
    this.#onState({ file, keysRoot, identitiesRoot, generation, hasOtherDocuments });
  }
}

export function openReplicaReader(
  path: string,
  page: GenerationPage,
  onState: OnReplicaState = () => {},
): ReplicaReader {
  const follower = new ReplicaFollower(path, page, onState);
  const { cache } = follower;
  const identityTraits = new TraitsCache(parseIdentityTraits);
  const readIdentityTraits = (record: string, length: number) =>
    identityTraits.read(record, length);

  // A document that changes meanwhile makes the traits forgotten, and these rights with them.
  function rightsOf(traits: KeyTraitsWithRights): Rights {
    traits.rights ??= gatherRights({ find }, traits);
    return traits.rights;
  }

  /** Identities may be as many as keys and change without a documents generation. */
  function findIdentity(id: string): IdentityRecord | undefined {
    const { file, identitiesRoot } = follower.view;
    if (!file.find(identitiesRoot, identityKey(id))) return undefined;
    return decodeIdentityRecord(file, id, readIdentityTraits);
  }

  function find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined {
    follower.refresh();
    const found =
      kind === 'identity'
        ? findIdentity(id)
        : cache.document(follower.view.tables, `${kind}:${id}`);
    return found as DocumentRecords[K] | undefined;
  }

  return {
    keyByDigest(digest, kind = 0) {
      follower.refresh();
      const { file, keysRoot } = follower.view;
      if (!file.find(keysRoot, digestKey(digest, kind))) return undefined;
      const { key, traits } = decodeKeyRecord(file, cache.keyTraits);
      return { key, rights: rightsOf(traits) };
    },
    rootKeyByToken(token) {
      follower.refresh();
      return cache.rootKey(follower.view.tables, token);
    },
    find,
    refresh: () => follower.refresh(),
    traitsOf(text) {
      follower.refresh();
      const traits = cache.keyTraits(text, text.length);
      return { ...traits, rights: rightsOf(traits) };
    },
    namespace(workspaceId, nameOrId) {
      follower.refresh();
      return cache.namespace(follower.view.tables, workspaceId, nameOrId);
    },
    switchTo: (nextPath) => follower.switchTo(nextPath),
    close: () => follower.close(),
  };
}
