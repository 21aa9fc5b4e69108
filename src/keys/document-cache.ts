/**
 * Decoded documents of one worker: those that are few, asked for by every verification and changed
 * seldom. They are kept until any of them changes.
 */
import { randomFillSync } from 'node:crypto';
import { compileGrants, type Grants } from '../domain/grants.ts';
import { keyHash } from '../domain/key-hash.ts';
import type { RootKeyRecord, WorkspaceRecord } from '../domain/records.ts';
import { KeyedTag } from '../limits/keyed-tag.ts';
import type { Namespace } from '../limits/namespace.ts';
import type { Rights } from '../verify/rights.ts';
import { NamespaceCache } from './namespace-cache.ts';
import type { ReplicaTables } from './replica-tables.ts';
import { type KeyTraits, parseKeyTraits, TraitsCache, type TraitsReader } from './traits.ts';

export type RootKey = RootKeyRecord & {
  grants: Grants;
  workspace: WorkspaceRecord | undefined;
};

type TaggedRootKey = { high: number; extra: number; rootKey: RootKey };

/** Rights follow from traits and documents: they are gathered once, until a document changes. */
export type KeyTraitsWithRights = KeyTraits & { rights: Rights | undefined };

/** Past it all are forgotten, which costs a decode each. */
const cachedMax = 10_000;

export class DocumentCache {
  readonly #documents = new Map<string, unknown>();
  /** By the first 32 bits of the token's tag. */
  readonly #rootKeys = new Map<number, TaggedRootKey>();
  readonly #tag = new KeyedTag(randomFillSync(new Int32Array(2)));
  readonly #namespaces = new NamespaceCache();
  readonly #keyTraits = new TraitsCache<KeyTraitsWithRights>((text) => {
    return { ...parseKeyTraits(text), rights: undefined };
  });

  /** `name`: `<kind>:<id>`. */
  document(tables: ReplicaTables, name: string): unknown {
    const known = this.#documents.get(name);
    if (known !== undefined || this.#documents.has(name)) return known;
    const bytes = tables.documents.getBinaryFast(name);
    return remember(this.#documents, name, bytes && JSON.parse(bytes.toString()));
  }

  /**
   * The root key behind the text that a caller shows. One that was found is known again by a keyed
   * hash of 73 bits, whose key nobody has: it costs a fifth of SHA-256, and the text is not kept.
   */
  rootKey(tables: ReplicaTables, token: string): RootKey | undefined {
    this.#tag.make(0, token, '', '');
    const { low, high, extra } = this.#tag;
    const known = this.#rootKeys.get(low);
    if (known?.high === high && known.extra === extra) return known.rootKey;
    const rootKey = this.#readRootKey(tables, keyHash(token));
    // Who shows keys that do not exist cannot fill the cache with them.
    if (rootKey) remember(this.#rootKeys, low, { high, extra, rootKey });
    return rootKey;
  }

  namespace(tables: ReplicaTables, workspaceId: string, nameOrId: string): Namespace | undefined {
    return this.#namespaces.find(tables, workspaceId, nameOrId);
  }

  /** A field, so that it can be handed on as it is. */
  readonly keyTraits: TraitsReader<KeyTraitsWithRights> = (record, length) =>
    this.#keyTraits.read(record, length);

  forget(): void {
    this.#documents.clear();
    this.#rootKeys.clear();
    this.#namespaces.forget();
    this.#keyTraits.forget();
  }

  #readRootKey(tables: ReplicaTables, hash: Buffer): RootKey | undefined {
    const bytes = tables.rootKeys.getBinaryFast(hash);
    if (!bytes) return undefined;
    const record = JSON.parse(bytes.toString()) as RootKeyRecord;
    const { workspaceId, permissions } = record;
    const workspace = this.document(tables, `workspace:${workspaceId}`);
    const grants = compileGrants(workspaceId, permissions);
    return { ...record, grants, workspace: workspace as WorkspaceRecord | undefined };
  }
}

function remember<Name, T>(cache: Map<Name, T>, name: Name, value: T): T {
  if (cache.size >= cachedMax) cache.clear();
  cache.set(name, value);
  return value;
}
