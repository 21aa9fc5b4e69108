/**
 * What a verification answers, counts and spends, told as the contract tells it: a list of
 * conditions, a ledger of counts, a number of credits. It knows no permission query but a slug, no
 * list of addresses but one address, and no window that ends.
 */
import type { VerifyKeyBody } from '../../src/contract/verify-key.ts';
import type { LimitConfig } from '../../src/domain/records.ts';
import { limitOf, plainApi, plainKey, type SmallWorld, startMs } from './small-world.ts';

export type Situation = {
  body: VerifyKeyBody;
  isEnabled: boolean;
  isExpired: boolean;
  isForeign: boolean;
  hasCredits: boolean;
  hasIdentity: boolean;
  /** Empty: from anywhere. */
  allowedAddress: string;
  keyLimits: LimitConfig[];
  identityLimits: LimitConfig[];
};

type Entry = { name: string; limit: number; durationMs: number; identifier: string; cost: number };
type Seen = { name: string; remaining: number; isExceeded: boolean };
/** The limits in the order of their names. */
export type ReferenceAnswer = { answer: string; limits: Seen[] };

const names = ['alpha', 'beta', 'gamma', 'delta'];
const dayMs = 86_400_000;

export function randomSituation(random: () => number): Situation {
  const chance = (share: number) => random() < share;
  const below = (bound: number) => Math.floor(random() * bound);
  const someNames = () => names.filter(() => chance(0.3));
  const config = (name: string) =>
    limitOf(name, { limit: 1 + below(30), durationMs: dayMs, autoApply: chance(0.5) });
  const item = () => ({
    name: names[below(names.length)] as string,
    ...(chance(0.7) && { cost: below(4) }),
    ...(chance(0.5) && { limit: below(25) }),
    ...(chance(0.5) && { duration: dayMs }),
  });
  return {
    body: {
      key: chance(0.97) ? plainKey : 'another',
      ...(chance(0.3) && { permissions: chance(0.8) ? 'docs.read' : 'docs.write' }),
      ...(chance(0.5) && { credits: { cost: below(4) } }),
      ...(chance(0.6) && { ratelimits: Array.from({ length: below(4) }, item) }),
      ...(chance(0.5) && { ip: chance(0.5) ? '10.0.0.1' : '10.0.0.2' }),
    },
    isEnabled: chance(0.95),
    isExpired: chance(0.05),
    isForeign: chance(0.03),
    hasCredits: chance(0.6),
    hasIdentity: chance(0.6),
    allowedAddress: chance(0.2) ? '10.0.0.1' : '',
    keyLimits: someNames().map(config),
    identityLimits: someNames().map(config),
  };
}

export class ReferenceVerification {
  credits: number;
  readonly #counts: Record<string, number> = {};

  constructor(credits: number) {
    this.credits = credits;
  }

  /** Makes the world what the situation says. */
  arrange(world: SmallWorld, situation: Situation): void {
    world.put('api', 'api_1', { ...plainApi, allowedAddresses: situation.allowedAddress });
    world.putPermissions('docs.read');
    if (situation.hasIdentity) world.putIdentity({ limits: situation.identityLimits });
    else world.remove('identity', 'id_1');
    world.putKey({
      identityId: 'id_1',
      permissionIds: ['perm_docs.read'],
      workspaceId: situation.isForeign ? 'ws_2' : 'ws_1',
      isEnabled: situation.isEnabled,
      expiresAtMs: situation.isExpired ? startMs - 1 : 0,
      hasCredits: situation.hasCredits,
      limits: situation.keyLimits,
    });
  }

  /** What the answer must be; counts and spends. A credit that lacks decides as if asked for. */
  verify(situation: Situation): ReferenceAnswer {
    const { body, hasCredits } = situation;
    const early = earlyAnswer(situation);
    if (early) return { answer: early, limits: [] };
    const entries = this.#entries(situation);
    if (!entries) return { answer: 'unkey/application/precondition_failed', limits: [] };
    const limits = this.#count(entries);
    if (limits.some((limit) => limit.isExceeded)) return { answer: 'RATE_LIMITED', limits };
    const cost = hasCredits ? (body.credits?.cost ?? 1) : 0;
    if (cost > this.credits) return { answer: 'USAGE_EXCEEDED', limits };
    this.credits -= cost;
    return { answer: 'VALID', limits };
  }

  /** What applies by itself, then each item in its turn; undefined: an item is unknown. */
  #entries({ body, keyLimits, identityLimits, hasIdentity }: Situation): Entry[] | undefined {
    const shared = hasIdentity ? identityLimits : [];
    const find = (name: string): Omit<Entry, 'cost'> | undefined => {
      const own = keyLimits.find((limit) => limit.name === name);
      if (own) return { ...own, identifier: 'key_1' };
      const theirs = shared.find((limit) => limit.name === name);
      return theirs && { ...theirs, identifier: 'id_1' };
    };
    let entries: Entry[] = [];
    for (const name of names) {
      const isAutomatic = (
        keyLimits.find((limit) => limit.name === name) ??
        shared.find((limit) => limit.name === name)
      )?.autoApply;
      const found = find(name);
      if (found && isAutomatic) entries.push({ ...found, cost: 1 });
    }
    for (const { name, cost = 1, limit, duration } of body.ratelimits ?? []) {
      const isOwn = limit !== undefined && duration !== undefined;
      const found = isOwn ? { name, limit, durationMs: duration, identifier: 'key_1' } : find(name);
      if (!found) return undefined;
      entries = entries.filter((entry) => entry.name !== name).concat({ ...found, cost });
    }
    return entries;
  }

  #count(entries: readonly Entry[]): Seen[] {
    const usedOf = (entry: Entry) => this.#counts[`${entry.name} ${entry.identifier}`] ?? 0;
    const isOver = (entry: Entry) => entry.limit === 0 || usedOf(entry) + entry.cost > entry.limit;
    const isRefused = entries.some(isOver);
    const inOrder = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
    return inOrder.map((entry) => {
      const isExceeded = isOver(entry);
      const used = usedOf(entry) + (isRefused ? 0 : entry.cost);
      this.#counts[`${entry.name} ${entry.identifier}`] = used;
      return { name: entry.name, remaining: isExceeded ? 0 : entry.limit - used, isExceeded };
    });
  }
}

function earlyAnswer(situation: Situation): string | undefined {
  const { body, allowedAddress } = situation;
  if (body.key !== plainKey || situation.isForeign) return 'NOT_FOUND';
  if (!situation.isEnabled) return 'DISABLED';
  if (situation.isExpired) return 'EXPIRED';
  const isOutside = allowedAddress !== '' && body.ip !== allowedAddress;
  if (isOutside) return 'FORBIDDEN';
  return body.permissions === 'docs.write' ? 'INSUFFICIENT_PERMISSIONS' : undefined;
}
