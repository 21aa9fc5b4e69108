/**
 * Which limits a verification checks, and at what cost: those of the key and of its identity that
 * always apply, and those that the request names or brings along.
 */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import type { LimitConfig } from '../domain/records.ts';
import type { LimitRequest } from '../limits/window-table.ts';
import type { Subject } from './verdict.ts';

export type ChosenLimit = {
  config: LimitConfig;
  cost: number;
  /** Whom it counts for: the key, or the identity, whose keys all share the count. */
  identifier: string;
};

export type LimitChoice =
  | { ok: true; limits: readonly ChosenLimit[] }
  /** The request names a limit that neither the key nor its identity has. */
  | { ok: false; unknownName: string };

type RequestedLimit = NonNullable<VerifyKeyBody['ratelimits']>[number];

const nothingChosen: LimitChoice = { ok: true, limits: [] };

export function chooseLimits(
  subject: Subject,
  requested: readonly RequestedLimit[] | undefined,
): LimitChoice {
  const { key, identity } = subject;
  const hasConfigured = key.limits.length > 0 || (identity?.limits.length ?? 0) > 0;
  if (!hasConfigured && !requested) return nothingChosen;
  const chosen = new Map<string, ChosenLimit>();
  for (const own of configuredLimits(subject)) {
    if (own.config.autoApply) chosen.set(own.config.name, own);
  }
  for (const item of requested ?? []) {
    const limit = resolve(subject, item);
    if (!limit) return { ok: false, unknownName: item.name };
    chosen.set(item.name, limit);
  }
  return { ok: true, limits: [...chosen.values()] };
}

/** A limit of the key hides the identity's limit of the same name. */
function configuredLimits({ key, identity }: Subject): ChosenLimit[] {
  const own = key.limits.map((config) => ({ config, cost: 1, identifier: key.keyId }));
  if (!identity) return own;
  const names = new Set(key.limits.map((config) => config.name));
  const shared = identity.limits
    .filter((config) => !names.has(config.name))
    .map((config) => ({ config, cost: 1, identifier: identity.identityId }));
  return [...own, ...shared];
}

/** With both `limit` and `duration` an item is a limit of its own; with one of them, not. */
function resolve(subject: Subject, item: RequestedLimit): ChosenLimit | undefined {
  const cost = item.cost ?? 1;
  if (item.limit !== undefined && item.duration !== undefined) {
    const { name, limit, duration: durationMs } = item;
    const config = { limitId: '', name, limit, durationMs, autoApply: false };
    return { config, cost, identifier: subject.key.keyId };
  }
  const found = configuredLimits(subject).find(({ config }) => config.name === item.name);
  return found && { ...found, cost };
}

export function toLimitRequest(
  workspaceId: string,
  { config, cost, identifier }: ChosenLimit,
): LimitRequest {
  const { name, durationMs, limit } = config;
  return { workspaceId, scope: name, identifier, durationMs, limit, cost };
}
