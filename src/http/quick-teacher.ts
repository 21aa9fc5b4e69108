/**
 * Teaches the native engine what documents mean. It refuses to decide what it does not know; it is
 * told here, once for each root key, for all keys with the same traits, for each query about them,
 * until a document changes. What cannot be said so simply stays for TypeScript to decide.
 */
import { apiNeed, holds } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiRecord, KeyRecord, LimitConfig } from '../domain/records.ts';
import { quoteJson } from '../lib/quote-json.ts';
import { type Engine, type LearnedLimit, refusals, statusAt } from '../native/engine.ts';
import { isSatisfied } from '../verify/permission-query.ts';
import { cachedPermissionQuery } from '../verify/query-cache.ts';
import type { Rights } from '../verify/rights.ts';
import { authenticate, isFault } from './authentication.ts';
import { headerText } from './header-text.ts';
import { findProxyPrincipal, type ProxyCredentials, type ProxyLookup } from './proxy-principal.ts';
import { rightsJson } from './verify-answer.ts';

export type TeacherLookup = ProxyLookup & {
  /** What the text stands for that keys with the same traits have in their records. */
  traitsOf(text: string): Traits;
  refresh(): void;
};

/** The header of a caller, or what a proxy shows. */
export type Asker = string | ProxyCredentials;

type RootKeyFacts = {
  token: string;
  apiId: string;
  isOpen: boolean;
  workspaceId: string;
  expiresAtMs: number;
};

type Traits = Pick<KeyRecord, 'workspaceId'> & {
  limits: readonly Omit<LimitConfig, 'limitId'>[];
  rights: Rights;
};

/** How many limits of a key the engine checks. */
const limitsMax = 8;
const ascii = /^[ -~]*$/;
const scheme = 'Bearer ';
/** As in the answers that are made in TypeScript. */
const headerLengthMax = 2048;

export class QuickTeacher {
  readonly #engine: Engine;
  readonly #lookup: TeacherLookup;
  /** By the numbers that the engine has given them. */
  #principals: Principal[] = [];
  #traits: Traits[] = [];
  /** Raised whenever all is forgotten: what was asked before means nothing any more. */
  #epoch = 0;

  constructor(engine: Engine, lookup: TeacherLookup) {
    this.#engine = engine;
    this.#lookup = lookup;
  }

  /** To be called when a document may have changed. */
  forget(): void {
    this.#epoch += 1;
    this.#principals = [];
    this.#traits = [];
    this.#engine.forget();
  }

  /** Whether it is worth asking the engine again, after it has refused for this reason. */
  teach(refusal: number, asker: Asker, nowMs: number): boolean {
    switch (refusal) {
      case refusals.stale:
        this.#lookup.refresh();
        return true;
      case refusals.unknownRootKey:
        return typeof asker === 'string'
          ? this.#teachRootKey(asker, nowMs)
          : this.#teachProxy(asker, nowMs);
      case refusals.unknownTraits:
        return this.#teachTraits();
      case refusals.unknownVisibility:
        return this.#teachVisibility();
      case refusals.unknownQuery:
        return this.#teachQuery();
      default:
        return false;
    }
  }

  #teachRootKey(authorization: string, nowMs: number): boolean {
    const epoch = this.#epoch;
    const principal = authenticate(authorization, this.#lookup, nowMs);
    if (isFault(principal)) return false;
    const { workspace, workspaceId, expiresAtMs } = principal;
    // Requests that are counted are counted in TypeScript.
    if (workspace.requestsPerMinuteMax !== null) return false;
    const token = authorization.slice(scheme.length);
    return this.#learnPrincipal(epoch, principal, {
      ...{ token, apiId: '', isOpen: false, workspaceId, expiresAtMs },
    });
  }

  #teachProxy(asker: ProxyCredentials, nowMs: number): boolean {
    const epoch = this.#epoch;
    const { rootKey: token, apiId, isOpen } = asker;
    const found = findProxyPrincipal(asker, this.#lookup, nowMs);
    if (!found.ok) return false;
    const { principal } = found;
    const { workspaceId } = principal;
    if (this.#lookup.workspace(workspaceId)?.requestsPerMinuteMax !== null) return false;
    const rootKey = isOpen ? undefined : this.#lookup.rootKeyByToken(token);
    const expiresAtMs = rootKey?.expiresAtMs ?? 0;
    return this.#learnPrincipal(epoch, principal, {
      ...{ token, apiId, isOpen, workspaceId, expiresAtMs },
    });
  }

  #learnPrincipal(epoch: number, principal: Principal, facts: RootKeyFacts): boolean {
    const { token, apiId, isOpen, workspaceId, expiresAtMs } = facts;
    const [tokenBytes, apiBytes, workspaceBytes] = [
      bytesOf(token),
      bytesOf(apiId),
      bytesOf(workspaceId),
    ];
    return this.#learn(epoch, () => {
      const number = this.#engine.learnRootKey(
        ...[tokenBytes, apiBytes, isOpen, workspaceBytes, expiresAtMs],
      );
      this.#principals[number] = principal;
      return number >= 0;
    });
  }

  #teachTraits(): boolean {
    const epoch = this.#epoch;
    const bytes = this.#engine.text.subarray(0, this.#engine.status[statusAt.textBytes]);
    const text = bytes.toString();
    const traits = this.#lookup.traitsOf(text);
    return this.#learn(epoch, () => {
      const number = this.#learnTraits(Buffer.from(text), traits);
      this.#traits[number] = traits;
      return number >= 0;
    });
  }

  #learnTraits(text: Buffer, traits: Traits): number {
    const { workspace, api, permissions, roles } = traits.rights;
    const limits = learnedLimits(traits.limits);
    const isUsual = workspace?.isEnabled === true && api?.allowedAddresses === '';
    if (!isUsual || !limits) return this.#engine.learnTraits(text);
    const rights = bytesOf(rightsJson(permissions, roles));
    // Too long for any answer.
    if (rights.length > this.#engine.out.length) return this.#engine.learnTraits(text);
    const workspaceId = bytesOf(traits.workspaceId);
    const keyspaceId = bytesOf(api.keyspaceId);
    const header = bytesOf([...permissions].map(headerText).join(','));
    const meaning = [workspaceId, keyspaceId, rights, limits] as const;
    const permissionsHeader = header.length <= headerLengthMax ? header : undefined;
    return this.#engine.learnTraits(text, ...meaning, permissionsHeader);
  }

  #teachVisibility(): boolean {
    const { status } = this.#engine;
    const [rootKey, traits] = [status[statusAt.rootKey] ?? -1, status[statusAt.traits] ?? -1];
    const api = this.#traits[traits]?.rights.api;
    const principal = this.#principals[rootKey];
    const isVisible = api && principal && seesEveryKey(principal, api);
    if (isVisible === undefined) return false;
    return this.#learn(this.#epoch, () => this.#engine.learnVisibility(rootKey, traits, isVisible));
  }

  #teachQuery(): boolean {
    const { text, status } = this.#engine;
    const query = text.subarray(0, status[statusAt.textBytes]);
    const number = status[statusAt.traits] ?? -1;
    const traits = this.#traits[number];
    const parsed = cachedPermissionQuery(query.toString('latin1'));
    if (!traits || !parsed.ok) return false;
    const answer = isSatisfied(parsed.query, traits.rights.permissions);
    return this.#learn(this.#epoch, () => this.#engine.learnQuery(number, query, answer));
  }

  /** `learn` tells whether there was room; without, there is when all is forgotten. */
  #learn(epoch: number, learn: () => boolean): boolean {
    if (epoch === this.#epoch && !learn()) this.forget();
    return true;
  }
}

/** Of all keys of an API alike: true or false; undefined where it depends on the key. */
function seesEveryKey({ grants }: Principal, api: ApiRecord): boolean | undefined {
  const everyKey = `keyspaces/${api.keyspaceId}/keys/*#verify_key`;
  if (holds(grants, apiNeed(api.apiId, 'verify_key', everyKey))) return true;
  return grants.urns.length === 0 ? false : undefined;
}

/** Of those that always apply; undefined where there are too many, or one has an unusual name. */
function learnedLimits(limits: Traits['limits']): LearnedLimit[] | undefined {
  const learned: LearnedLimit[] = [];
  for (const [place, { name, limit, durationMs, autoApply }] of limits.entries()) {
    if (!autoApply) continue;
    if (!ascii.test(name)) return undefined;
    const terms = `"name":${quoteJson(name)},"limit":${limit},"duration":${durationMs}`;
    const json = `",${terms},"remaining":`;
    const texts = [name, json, headerText(name)] as const;
    const [nameBytes, jsonBytes, headerBytes] = texts.map(bytesOf) as [Buffer, Buffer, Buffer];
    learned.push([place, limit, durationMs, nameBytes, jsonBytes, headerBytes]);
  }
  return learned.length <= limitsMax ? learned : undefined;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}
