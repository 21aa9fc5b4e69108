/** Workspaces, root keys and keys of every kind from a seed, and how they change. */
import { withChecksum } from '../../src/domain/key-checksum.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { KeyRecord, LimitConfig } from '../../src/domain/records.ts';
import type { DocumentChange, KeyChange, ReplicaChange } from '../../src/keys/replica-change.ts';
import * as facts from './key-facts.ts';
import { type Dice, names, spanMs, startMs } from './key-facts.ts';
import { type GeneratedRootKey, rootKeysOf } from './root-key-kinds.ts';

export type GeneratedKey = { plaintext: string; hashKind: number; record: KeyRecord };
type Traits = Pick<KeyRecord, 'apiId' | 'permissionIds' | 'roleIds'> & { limits: LimitConfig[] };

/** The first has most keys; then one with imports, a disabled one, one with a quota. */
const workspaces = [
  { workspaceId: 'ws_a', isEnabled: true, requestsPerMinuteMax: null, hasImports: false },
  { workspaceId: 'ws_b', isEnabled: true, requestsPerMinuteMax: null, hasImports: true },
  { workspaceId: 'ws_off', isEnabled: false, requestsPerMinuteMax: null, hasImports: false },
  { workspaceId: 'ws_quota', isEnabled: true, requestsPerMinuteMax: 30, hasImports: false },
];
const keyCounts = [160, 60, 10, 10];

export class VerificationWorld {
  readonly keys: GeneratedKey[] = [];
  readonly rootKeys: GeneratedRootKey[] = [];
  readonly documents: DocumentChange[] = [];
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = facts.createDice(seed);
    for (const [index, record] of workspaces.entries()) {
      this.documents.push({ kind: 'workspace', id: record.workspaceId, record });
      this.#addWorkspace(record.workspaceId, keyCounts[index] as number);
    }
  }

  /** Everything. */
  changes(): ReplicaChange[] {
    const keys = this.keys.map(keyChange);
    const rootKeys = this.rootKeys.map(({ token, record }): ReplicaChange => {
      return { kind: 'rootKey', id: record.rootKeyId, hash: keyHash(token), record };
    });
    return [...this.documents, ...rootKeys, ...keys];
  }

  /** Something changes: mostly a key. */
  change(): ReplicaChange[] {
    const { below, chance, pick } = this.#dice;
    const mended = chance(0.7) && this.#mend();
    if (mended) return [mended];
    const kind = below(10);
    if (kind === 0) return [this.#switchRootKey(pick(this.rootKeys))];
    if (kind === 1) return [this.#changeDocument('role')];
    if (kind === 2) return [this.#changeDocument('permission')];
    if (kind === 3) return [this.#changeDocument(chance(0.5) ? 'api' : 'workspace')];
    if (kind === 4) return [this.#changeDocument('identity')];
    const { record, ...key } = pick(this.keys);
    if (chance(0.1)) return [{ ...keyChange({ ...key, record }), record: undefined }];
    Object.assign(record, chance(0.5) ? this.#state() : this.#ownTraits(record.workspaceId));
    return [keyChange({ ...key, record })];
  }

  #addWorkspace(workspaceId: string, keyCount: number): void {
    const suffix = workspaceId.slice('ws_'.length);
    this.#addApis(workspaceId, suffix);
    for (const [at, slug] of facts.slugs.entries()) {
      const permissionId = `perm_${suffix}_${at}`;
      const record = { permissionId, workspaceId, slug };
      this.documents.push({ kind: 'permission', id: permissionId, record });
    }
    for (const [at, name] of facts.roleNames.entries()) {
      const roleId = `role_${suffix}_${at}`;
      const permissionIds = this.#dice.some(this.#permissionIds(suffix), 0.3);
      this.documents.push({
        kind: 'role',
        id: roleId,
        record: { ...{ roleId, workspaceId, name }, permissionIds },
      });
    }
    this.#addIdentities(workspaceId, suffix);
    const shared = Array.from({ length: 12 }, () => this.#traits(workspaceId));
    for (let number = 0; number < keyCount; number += 1) {
      this.keys.push(this.#key(workspaceId, number, shared));
    }
    this.rootKeys.push(...rootKeysOf(workspaceId, suffix));
  }

  #addApis(workspaceId: string, suffix: string): void {
    for (const [at, allowedAddresses] of ['', '', '192.0.2.0/24', '203.0.113.9'].entries()) {
      const apiId = `api_${suffix}_${at}`;
      const record = { apiId, workspaceId, keyspaceId: `ks_${suffix}_${at}`, name: apiId };
      this.documents.push({ kind: 'api', id: apiId, record: { ...record, allowedAddresses } });
    }
  }

  #addIdentities(workspaceId: string, suffix: string): void {
    for (const [at, externalId] of facts.externalIds.entries()) {
      const identityId = `id_${suffix}_${at}`;
      const limits = at === 1 ? [this.#limit('shared', 0)] : [];
      const metaJson = this.#dice.pick(facts.metas);
      const record = { identityId, workspaceId, externalId, metaJson, limits };
      this.documents.push({ kind: 'identity', id: identityId, record });
    }
  }

  #permissionIds(suffix: string): string[] {
    return [...facts.slugs.keys(), 'gone'].map((at) => `perm_${suffix}_${at}`);
  }

  #key(workspaceId: string, number: number, shared: readonly Traits[]): GeneratedKey {
    const { chance, pick, below } = this.#dice;
    const suffix = workspaceId.slice('ws_'.length);
    const keyId = `key_${suffix}_${number}`;
    const traits = chance(0.7) ? pick(shared) : this.#traits(workspaceId);
    const limits = traits.limits.map((limit, at) => ({ ...limit, limitId: `rl_${number}_${at}` }));
    const identityIds = ['', '', `id_${suffix}_${below(7)}`, 'id_unknown', 'id_b_0'];
    const record: KeyRecord = {
      ...{
        keyId,
        workspaceId,
        identityId: pick(identityIds),
        migrationId: pick(['', '', 'mig_1']),
      },
      ...{ ...this.#state(), ...traits, limits, hasCredits: chance(0.08) },
      ...{ name: pick(names), metaJson: pick(facts.metas) },
    };
    if (number === 1 || number === 2) record.metaJson = facts.largeMeta;
    if (number === 3) record.metaJson = facts.hugeMeta;
    if (number < 4) Object.assign(record, { limits: [], isEnabled: true, expiresAtMs: 0 });
    if (number < 4) Object.assign(record, { apiId: `api_${suffix}_0`, hasCredits: false });
    return {
      plaintext: this.#plaintext(workspaceId, number),
      hashKind: chance(0.02) ? 1 : 0,
      record,
    };
  }

  #plaintext(workspaceId: string, number: number): string {
    const secret = `${workspaceId.slice(3)}Secret${number + 1000}Z`.replace(/[0IOl_]/g, 'x');
    const kind = this.#dice.below(20);
    if (kind === 0) return `a key {with} [unusual]: 'characters', ${number}~!`;
    if (kind === 1) return `schlüssel "${number}" \\ 😀`;
    if (kind === 2) return `${number}`.padEnd(512, 'k');
    if (kind === 3) return `${number}`.padEnd(513, 'k');
    const checked = `acme_${withChecksum(secret)}`;
    // With a wrong checksum there are keys where keys were imported only.
    if (kind === 4 && workspaceId === 'ws_b') return `${checked.slice(0, -1)}2`;
    return kind < 12 ? checked : `acme_${secret}`;
  }

  #state(): Pick<KeyRecord, 'isEnabled' | 'expiresAtMs'> {
    const { below, chance, pick } = this.#dice;
    const soon = startMs + below(spanMs);
    const expiresAtMs = pick([0, 0, 0, 0, soon, soon, startMs - 1, 2 ** 53, startMs * 2 + 0.5]);
    return { isEnabled: chance(0.88), expiresAtMs };
  }

  #ownTraits(workspaceId: string): Partial<KeyRecord> {
    const { apiId, permissionIds, roleIds } = this.#traits(workspaceId);
    return { apiId, permissionIds, roleIds };
  }

  #traits(workspaceId: string): Traits {
    const { below, chance, pick, some } = this.#dice;
    const suffix = workspaceId.slice('ws_'.length);
    const limitCount = pick([0, 0, 0, 1, 1, 1, 2, 3, 9]);
    const hasWide = chance(0.1);
    const first = below(9);
    const limitNames = [...facts.limitNames, ...(hasWide ? facts.wideLimitNames : ['g', 'h', 'i'])];
    return {
      apiId: chance(0.02)
        ? 'api_gone'
        : `api_${suffix}_${pick([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3])}`,
      permissionIds: some(this.#permissionIds(suffix), 0.25),
      roleIds: some([0, 1, 2, 3, 4, 'gone'], 0.2).map((at) => `role_${suffix}_${at}`),
      limits: Array.from({ length: limitCount }, (_, at) => {
        return this.#limit(limitNames[(at + first) % 9] as string, at);
      }),
    };
  }

  #limit(name: string, at: number): LimitConfig {
    const { chance, pick } = this.#dice;
    const terms = { limit: pick(facts.limitCounts), durationMs: pick(facts.durationsMs) };
    return { limitId: `rl_${at}`, name, ...terms, autoApply: chance(0.75) };
  }

  /** What most requests depend on does not stay switched off for long. */
  #mend(): ReplicaChange | undefined {
    for (const change of this.documents) {
      if (change.kind === 'workspace' && change.id === 'ws_a' && !change.record?.isEnabled) {
        Object.assign(change.record as object, { isEnabled: true });
        return change;
      }
      if (change.kind === 'api' && change.id === 'api_a_0' && change.record?.allowedAddresses) {
        change.record.allowedAddresses = '';
        return change;
      }
    }
    const rootKey = this.rootKeys.slice(0, 2).find(({ record }) => !record.isEnabled);
    return rootKey && this.#switchRootKey(rootKey);
  }

  #switchRootKey({ token, record }: GeneratedRootKey): ReplicaChange {
    record.isEnabled = !record.isEnabled;
    return { kind: 'rootKey', id: record.rootKeyId, hash: keyHash(token), record };
  }

  #changeDocument(kind: DocumentChange['kind']): DocumentChange {
    const { chance, pick, some, below } = this.#dice;
    const found = pick(this.documents.filter((one) => one.kind === kind));
    if (chance(0.15) && kind !== 'workspace')
      return { ...found, record: undefined } as DocumentChange;
    const [suffix] = found.id.split('_').slice(1);
    const changes = {
      role: { permissionIds: some(this.#permissionIds(suffix as string), 0.3) },
      permission: { slug: pick(facts.slugs) + pick(['', '', '2']) },
      api: { allowedAddresses: pick(['', '', '', '192.0.2.1', 'unreadable']) },
      workspace: { isEnabled: chance(0.7) },
      identity: {
        externalId: `user ${below(1000)}é`,
        limits: chance(0.2) ? [this.#limit('i', 0)] : [],
      },
    };
    Object.assign(found.record as object, changes[kind as keyof typeof changes]);
    return found;
  }
}

function keyChange({ plaintext, hashKind, record }: GeneratedKey): KeyChange {
  return { kind: 'key', hash: keyHash(plaintext), hashKind, record };
}
