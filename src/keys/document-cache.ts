/**
 * Decoded documents of one worker: those that are few, asked for by every verification and changed
 * seldom. They are kept until any of them changes.
 */
import { compileGrants, type Grants } from '../domain/grants.ts';
import type { RootKeyRecord, WorkspaceRecord } from '../domain/records.ts';
import type { Namespace } from '../limits/namespace.ts';
import type { Rights } from '../verify/rights.ts';
import { NamespaceCache } from './namespace-cache.ts';
import type { ReplicaTables } from './replica-tables.ts';
import { type KeyTraits, parseKeyTraits, TraitsCache, type TraitsReader } from './traits.ts';

export type RootKey = RootKeyRecord & {
  grants: Grants;
  workspace: WorkspaceRecord | undefined;
};

/** Rights follow from traits and documents: they are gathered once, until a document changes. */
export type KeyTraitsWithRights = KeyTraits & { rights: Rights | undefined };

/** Past it all are forgotten, which costs a decode each. */
const cachedMax = 10_000;

export class DocumentCache {
  readonly #documents = new Map<string, unknown>();
  readonly #rootKeys = new Map<string, RootKey | undefined>();
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

  rootKey(tables: ReplicaTables, digest: string): RootKey | undefined {
    const known = this.#rootKeys.get(digest);
    if (known !== undefined || this.#rootKeys.has(digest)) return known;
    return remember(this.#rootKeys, digest, this.#readRootKey(tables, digest));
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

  #readRootKey(tables: ReplicaTables, digest: string): RootKey | undefined {
    const bytes = tables.rootKeys.getBinaryFast(Buffer.from(digest, 'latin1'));
    if (!bytes) return undefined;
    const record = JSON.parse(bytes.toString()) as RootKeyRecord;
    const { workspaceId, permissions } = record;
    const workspace = this.document(tables, `workspace:${workspaceId}`);
    const grants = compileGrants(workspaceId, permissions);
    return { ...record, grants, workspace: workspace as WorkspaceRecord | undefined };
  }
}

function remember<T>(cache: Map<string, T>, name: string, value: T): T {
  if (cache.size >= cachedMax) cache.clear();
  cache.set(name, value);
  return value;
}
