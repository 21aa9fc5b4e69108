/**
 * Which limits a verification checks, and at what cost: those of the key and of its identity that
 * always apply, and those that the request names or brings along.
 */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import type { KeyRecord, LimitConfig } from '../domain/records.ts';
import { durationMinMs } from '../limits/window-counter.ts';
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
  const hasShared = identity !== undefined && identity.limits.length > 0;
  if (!hasShared && !requested) return ownAutomatic(key);
  const configured = configuredLimits(subject);
  const chosen = new Map<string, ChosenLimit>();
  for (const [name, limit] of configured) if (limit.config.autoApply) chosen.set(name, limit);
  for (const item of requested ?? []) {
    const limit = ownLimit(item, key.keyId) ?? configured.get(item.name);
    if (!limit) return { ok: false, unknownName: item.name };
    chosen.set(item.name, { ...limit, cost: item.cost ?? 1 });
  }
  return { ok: true, limits: [...chosen.values()] };
}

/** The usual case, without maps of names: a key's limits have different names. */
function ownAutomatic({ keyId, limits }: KeyRecord): LimitChoice {
  if (limits.length === 0) return nothingChosen;
  const chosen: ChosenLimit[] = [];
  for (const config of limits) {
    if (config.autoApply) chosen.push({ config, cost: 1, identifier: keyId });
  }
  return { ok: true, limits: chosen };
}

/** By name, at cost 1. A limit of the key hides the identity's limit of the same name. */
function configuredLimits({ key, identity }: Subject): Map<string, ChosenLimit> {
  const configured = new Map<string, ChosenLimit>();
  const add = (limits: readonly LimitConfig[], identifier: string) => {
    for (const config of limits) configured.set(config.name, { config, cost: 1, identifier });
  };
  if (identity) add(identity.limits, identity.identityId);
  add(key.limits, key.keyId);
  return configured;
}

/** With both `limit` and `duration` an item is a limit of its own; with one of them, not. */
function ownLimit(item: RequestedLimit, keyId: string): ChosenLimit | undefined {
  const { name, limit, duration } = item;
  if (limit === undefined || duration === undefined) return undefined;
  // A shorter window is counted as the shortest, and the answer says so.
  const durationMs = Math.max(duration, durationMinMs);
  const config = { limitId: '', name, limit, durationMs, autoApply: false };
  return { config, cost: 1, identifier: keyId };
}

export function toLimitRequest(
  workspaceId: string,
  { config, cost, identifier }: ChosenLimit,
): LimitRequest {
  const { name, durationMs, limit } = config;
  return { workspaceId, scope: name, identifier, durationMs, limit, cost };
}
