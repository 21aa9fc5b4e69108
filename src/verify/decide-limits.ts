/**
 * What `ratelimit.limit` and `ratelimit.multiLimit` answer. Like a verification it is synchronous:
 * namespaces and overrides are in this node's replica, counters in its shared memory. Only a
 * namespace that does not exist yet cannot be decided here; the caller makes it and asks again.
 */
import type { LimitBody } from '../contract/ratelimit.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { denialDetail, holds, type Need } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { Namespace, NamespaceLookup } from '../limits/namespace.ts';
import type { LimitRequest, LimitVerdict } from '../limits/window-table.ts';

export type LimitPorts = {
  lookup: NamespaceLookup;
  counters: { takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[] };
  nowMs: number;
};

/** One item of a request, decided. */
export type DecidedLimit = {
  item: LimitBody;
  namespaceId: string;
  /** Empty when no override applied. */
  overrideId: string;
  /** Of the override, if there is one. */
  limit: number;
  /** 0 when refused. */
  remaining: number;
  /** End of the current window, Unix ms. */
  resetAtMs: number;
  /** Whether this item by itself is within its limit. */
  isPassed: boolean;
};

export type LimitDecision =
  /** Counted if all have passed; if one has not, none is. */
  | { kind: 'decided'; isPassed: boolean; limits: readonly DecidedLimit[] }
  | { kind: 'fault'; fault: RequestFault }
  /** These namespaces do not exist, and this caller may make them. Nothing is counted. */
  | { kind: 'missing'; names: readonly string[] };

/** The decision of `ratelimit.limit`: what is gone is refused before what is not allowed. */
export function decideLimit(
  principal: Principal,
  item: LimitBody,
  ports: LimitPorts,
): LimitDecision {
  return decide(principal, [item], { ports, checks: [firstGone, firstDenied] });
}

/** The decision of `ratelimit.multiLimit`: here what is not allowed is refused first. */
export function decideLimits(
  principal: Principal,
  items: readonly LimitBody[],
  ports: LimitPorts,
): LimitDecision {
  return decide(principal, items, { ports, checks: [firstDenied, firstGone] });
}

type Check = (principal: Principal, namespaces: readonly Namespace[]) => RequestFault | undefined;

function decide(
  principal: Principal,
  items: readonly LimitBody[],
  { ports, checks }: { ports: LimitPorts; checks: readonly Check[] },
): LimitDecision {
  const namespaces: Namespace[] = [];
  const missing = new Set<string>();
  for (const { namespace: name } of items) {
    const found = ports.lookup.namespace(principal.workspaceId, name);
    if (found) namespaces.push(found);
    else missing.add(name);
  }
  if (missing.size > 0) return mayCreate(principal, [...missing]);
  for (const check of checks) {
    const refusal = check(principal, namespaces);
    if (refusal) return { kind: 'fault', fault: refusal };
  }
  return count(items, namespaces, ports);
}

export const createNamespaceNeed: Need = { tuples: ['ratelimit.*.create_namespace'] };

function mayCreate(principal: Principal, names: readonly string[]): LimitDecision {
  if (holds(principal.grants, createNamespaceNeed)) return { kind: 'missing', names };
  return { kind: 'fault', fault: denied(createNamespaceNeed) };
}

function firstGone(_principal: Principal, namespaces: readonly Namespace[]) {
  const gone = namespaces.find((namespace) => namespace.isDeleted);
  if (!gone) return undefined;
  const detail = `The rate-limit namespace ${JSON.stringify(gone.name)} has been deleted.`;
  return fault('unkey/data/ratelimit_namespace_gone', detail);
}

function firstDenied({ grants }: Principal, namespaces: readonly Namespace[]) {
  for (const { namespaceId } of namespaces) {
    const need = { tuples: ['ratelimit.*.limit', `ratelimit.${namespaceId}.limit`] };
    if (!holds(grants, need)) return denied(need);
  }
  return undefined;
}

function denied(need: Need): RequestFault {
  return fault('unkey/authorization/insufficient_permissions', denialDetail([need]));
}

const costDefault = 1;

/** `namespaces` are those of the items, one for each. */
function count(
  items: readonly LimitBody[],
  namespaces: readonly Namespace[],
  { counters, nowMs }: LimitPorts,
): LimitDecision {
  const overrides = items.map((item, at) => namespaces[at]?.overrides.find(item.identifier));
  const requests = items.map((item, at): LimitRequest => {
    const { workspaceId, namespaceId } = namespaces[at] as Namespace;
    const { limit, durationMs } = overrides[at] ?? { limit: item.limit, durationMs: item.duration };
    const { identifier, cost = costDefault } = item;
    return { workspaceId, scope: scopeOf(namespaceId), identifier, limit, durationMs, cost };
  });
  const verdicts = counters.takeAll(requests, nowMs);
  const limits = items.map((item, at): DecidedLimit => {
    const { exceeded, remaining, resetAtMs } = verdicts[at] as LimitVerdict;
    return {
      item,
      namespaceId: (namespaces[at] as Namespace).namespaceId,
      overrideId: overrides[at]?.overrideId ?? '',
      limit: (requests[at] as LimitRequest).limit,
      remaining,
      resetAtMs,
      isPassed: !exceeded,
    };
  });
  return { kind: 'decided', isPassed: limits.every(({ isPassed }) => isPassed), limits };
}

/** A key's limits are counted under their names, and no name holds a NUL. */
function scopeOf(namespaceId: string): string {
  return `\0${namespaceId}`;
}
