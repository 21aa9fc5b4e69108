/**
 * A workspace with one API for the pure pipeline: plain maps to look things up in, and the real
 * shared tables of limits and credits.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { VerifyKeyBody } from '../../src/contract/verify-key.ts';
import { compileGrants } from '../../src/domain/grants.ts';
import { keyHash } from '../../src/domain/key-hash.ts';
import type { Principal } from '../../src/domain/principal.ts';
import type {
  ApiRecord,
  DocumentKind,
  DocumentRecords,
  IdentityRecord,
  KeyRecord,
  LimitConfig,
} from '../../src/domain/records.ts';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { WindowTable } from '../../src/limits/window-table.ts';
import type { KeyLookup } from '../../src/verify/ports.ts';
import { gatherRights } from '../../src/verify/rights.ts';
import type { Decision, Verdict } from '../../src/verify/verdict.ts';
import { settleSpend, verifyKey } from '../../src/verify/verify-key.ts';

/** On the border of every window that is a divisor of a day. */
export const startMs = 1_800_057_600_000;
export const plainKey = 'acme_secret';

export const plainRecord: KeyRecord = {
  keyId: 'key_1',
  workspaceId: 'ws_1',
  apiId: 'api_1',
  identityId: '',
  isEnabled: true,
  expiresAtMs: 0,
  hasCredits: false,
  migrationId: '',
  permissionIds: [],
  roleIds: [],
  limits: [],
  name: '',
  metaJson: '',
};

export const plainApi: ApiRecord = {
  apiId: 'api_1',
  workspaceId: 'ws_1',
  keyspaceId: 'ks_1',
  name: 'payments',
  allowedAddresses: '',
};

export const plainIdentity: IdentityRecord = {
  identityId: 'id_1',
  workspaceId: 'ws_1',
  externalId: 'user_1',
  metaJson: '',
  limits: [],
};

export function limitOf(name: string, part: Partial<LimitConfig> = {}): LimitConfig {
  return { limitId: `rl_${name}`, name, limit: 5, durationMs: 60_000, autoApply: true, ...part };
}

export function callerWith(...permissions: string[]): Principal {
  const grants = compileGrants('ws_1', permissions);
  return { rootKeyId: 'key_root', workspaceId: 'ws_1', grants };
}

export class SmallWorld {
  nowMs = startMs;
  caller = callerWith('api.*.verify_key');
  callerAddress = '192.0.2.1';
  acceptsPending = false;
  /** How often the address was asked for. */
  addressCount = 0;
  readonly limits: WindowTable;
  readonly credits: CreditTable;
  readonly lookup: KeyLookup;
  readonly #keys = new Map<string, KeyRecord>();
  readonly #documents = new Map<string, unknown>();

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-world-'));
    prepareWindowTable(join(folder, 'windows'), 700, startMs);
    prepareCreditTable(join(folder, 'credits'), 80);
    this.limits = new WindowTable(join(folder, 'windows'), () => this.nowMs);
    this.credits = new CreditTable(join(folder, 'credits'));
    after(() => {
      this.limits.close();
      this.credits.close();
      rmSync(folder, { recursive: true });
    });
    this.lookup = {
      keyByDigest: (digest, kind = 0) => {
        const key = this.#keys.get(kind + Buffer.from(digest, 'latin1').toString('hex'));
        return key && { key, rights: gatherRights(this.lookup, key) };
      },
      find: <K extends DocumentKind>(kind: K, id: string) =>
        this.#documents.get(`${kind}:${id}`) as DocumentRecords[K] | undefined,
    };
    const workspace = {
      workspaceId: 'ws_1',
      isEnabled: true,
      requestsPerMinuteMax: null,
      hasImports: false,
    };
    this.put('workspace', 'ws_1', workspace);
    this.put('api', 'api_1', plainApi);
    this.putKey();
  }

  put<K extends DocumentKind>(kind: K, id: string, record: DocumentRecords[K]): void {
    this.#documents.set(`${kind}:${id}`, record);
  }

  remove(kind: DocumentKind, id: string): void {
    this.#documents.delete(`${kind}:${id}`);
  }

  /** The plain key with these differences, or another one of this plaintext. */
  putKey(part: Partial<KeyRecord> = {}, plaintext = plainKey): void {
    this.putHash(keyHash(plaintext), 0, part);
  }

  /** A key under a hash from elsewhere. */
  putHash(hash: Buffer, kind: number, part: Partial<KeyRecord> = {}): void {
    this.#keys.set(kind + hash.toString('hex'), { ...plainRecord, ...part });
  }

  removeKey(): void {
    this.#keys.delete(`0${keyHash(plainKey).toString('hex')}`);
  }

  putIdentity(part: Partial<IdentityRecord> = {}): void {
    this.put('identity', 'id_1', { ...plainIdentity, ...part });
  }

  putPermissions(...slugs: string[]): void {
    for (const slug of slugs) {
      const permissionId = `perm_${slug}`;
      this.put('permission', permissionId, { permissionId, workspaceId: 'ws_1', slug });
    }
  }

  putRole(name: string, ...slugs: string[]): void {
    this.putPermissions(...slugs);
    const permissionIds = slugs.map((slug) => `perm_${slug}`);
    this.put('role', `role_${name}`, {
      ...{ roleId: `role_${name}`, workspaceId: 'ws_1', name, permissionIds },
    });
  }

  lease(amount: number, keyId = 'key_1'): void {
    const mark = this.credits.reserve(keyId) as number;
    assert.equal(this.credits.grant(keyId, { amount, mark }), 'granted');
  }

  leftCredits(keyId = 'key_1'): number {
    return this.credits.spend(keyId, 0).left;
  }

  /** What has been counted of a limit in this window. */
  used({ name, durationMs }: LimitConfig, identifier = 'key_1'): number {
    const limit = 1_000_000;
    const request = { workspaceId: 'ws_1', scope: name, identifier, durationMs, limit, cost: 0 };
    return limit - this.limits.take(request, this.nowMs).remaining;
  }

  decide(body: Partial<VerifyKeyBody> = {}): Decision {
    return verifyKey(
      this.caller,
      { key: plainKey, ...body },
      {
        lookup: this.lookup,
        limits: this.limits,
        credits: this.credits,
        pepperOf: ({ pepper }) => (pepper === '' ? undefined : Buffer.from(pepper, 'base64')),
        acceptsPending: this.acceptsPending,
        nowMs: this.nowMs,
        callerAddress: () => {
          this.addressCount += 1;
          return this.callerAddress;
        },
      },
    );
  }

  /** The verdict; if credits had to be asked for, what it is when there are no more of them. */
  verdict(body: Partial<VerifyKeyBody> = {}): Verdict {
    const decision = this.decide(body);
    if (decision.kind === 'verdict') return decision.verdict;
    assert.ok(decision.kind === 'pending', JSON.stringify(decision));
    const { subject, cost } = decision.pending;
    return settleSpend(decision.pending, this.credits.spend(subject.key.keyId, cost));
  }

  /** The outcome, or the code of the fault. */
  code(body: Partial<VerifyKeyBody> = {}): string {
    const decision = this.decide(body);
    if (decision.kind === 'fault') return decision.fault.code;
    if (decision.kind === 'verdict') return decision.verdict.outcome;
    if (decision.kind === 'first-use') return decision.kind;
    const { subject, cost } = decision.pending;
    return settleSpend(decision.pending, this.credits.spend(subject.key.keyId, cost)).outcome;
  }
}

export type KnownVerdict = Exclude<Verdict, { outcome: 'NOT_FOUND' }>;

export function known(verdict: Verdict): KnownVerdict {
  assert.notEqual(verdict.outcome, 'NOT_FOUND');
  return verdict as KnownVerdict;
}
