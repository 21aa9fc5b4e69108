/**
 * The decision. Checks run in a fixed order and the first that fails decides; a refused request
 * spends nothing, but for the limits that it had passed when its credits did not suffice.
 * Synchronous: clock, look-ups and spending are arguments, nothing is awaited and nothing throws,
 * whatever the request holds.
 */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import { fault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import type { SpendResult } from '../limits/credit-table.ts';
import { countersPerTakeMax, type LimitVerdict } from '../limits/window-table.ts';
import { type Failure, firstFailure } from './checks.ts';
import {
  type ChosenLimit,
  chooseLimits,
  type LimitChoice,
  toLimitRequest,
} from './choose-limits.ts';
import { type FoundKey, findKey } from './find-key.ts';
import type { KeyLookup, VerifyPorts } from './ports.ts';
import { cachedPermissionQuery } from './query-cache.ts';
import type {
  CheckedLimit,
  Decision,
  KnownOutcome,
  KnownVerdict,
  PendingSpend,
  Subject,
  Verdict,
} from './verdict.ts';

export type VerifyRequest = VerifyKeyBody;

const notFound: Decision = { kind: 'verdict', verdict: { outcome: 'NOT_FOUND' } };
const malformedKey = refused(
  'unkey/authentication/malformed',
  'The key has not the form of the keys of this migration: prefix_short_long.',
);
const nothingChecked: readonly CheckedLimit[] = [];
const costDefault = 1;

export function verifyKey(
  principal: Principal,
  request: VerifyRequest,
  ports: VerifyPorts,
): Decision {
  const found = findKey(principal, request, ports);
  if (found.kind === 'absent') return notFound;
  if (found.kind === 'malformed') return malformedKey;
  if (found.kind === 'first-use') return found;
  const parsed =
    request.permissions === undefined ? undefined : cachedPermissionQuery(request.permissions);
  if (parsed?.ok === false) {
    return refused('user/bad_request/permissions_query_syntax_error', `${parsed.problem}.`);
  }
  const { workspace } = found.rights;
  const subject = subjectOf(found, ports.lookup);
  const failure = firstFailure(subject, { request, query: parsed?.query, workspace }, ports);
  if (failure) return failed(subject, { failure, checkedLimits: nothingChecked }, ports);
  return checkLimits(subject, request, ports);
}

function subjectOf(
  { key, api, rights }: Extract<FoundKey, { kind: 'visible' }>,
  lookup: KeyLookup,
): Subject {
  const identity = key.identityId === '' ? undefined : lookup.find('identity', key.identityId);
  return { key, api, identity, permissions: rights.permissions, roles: rights.roles };
}

function checkLimits(subject: Subject, request: VerifyRequest, ports: VerifyPorts): Decision {
  const choice = chooseLimits(subject, request.ratelimits);
  if (!choice.ok) return unknownLimit(subject, choice.unknownName);
  if (choice.limits.length > countersPerTakeMax) {
    const detail = `A verification can check at most ${countersPerTakeMax} rate limits.`;
    return refused('unkey/application/invalid_input', detail);
  }
  const checkedLimits = takeLimits(subject, choice.limits, ports);
  for (const limit of checkedLimits) {
    if (limit.isExceeded) return failed(subject, { failure: 'RATE_LIMITED', checkedLimits }, ports);
  }
  return spendCredits(subject, request, { checkedLimits, ports });
}

type ChosenLimits = Extract<LimitChoice, { ok: true }>['limits'];

function takeLimits(
  { key }: Subject,
  limits: ChosenLimits,
  { limits: table, nowMs }: VerifyPorts,
): readonly CheckedLimit[] {
  const [first] = limits;
  if (!first) return nothingChecked;
  // The usual one, without lists of requests and verdicts.
  if (limits.length === 1) {
    return [checked(first, table.take(toLimitRequest(key.workspaceId, first), nowMs))];
  }
  const requests = limits.map((limit) => toLimitRequest(key.workspaceId, limit));
  const verdicts = table.takeAll(requests, nowMs);
  return limits.map((limit, index) => checked(limit, verdicts[index] as LimitVerdict));
}

/** Field by field: spreading the two took half a microsecond. */
function checked({ config }: ChosenLimit, verdict: LimitVerdict): CheckedLimit {
  return {
    limitId: config.limitId,
    name: config.name,
    limit: config.limit,
    durationMs: config.durationMs,
    autoApply: config.autoApply,
    remaining: verdict.remaining,
    resetAtMs: verdict.resetAtMs,
    isExceeded: verdict.exceeded,
  };
}

function spendCredits(
  subject: Subject,
  request: VerifyRequest,
  { checkedLimits, ports }: { checkedLimits: readonly CheckedLimit[]; ports: VerifyPorts },
): Decision {
  if (!subject.key.hasCredits) return verdict(unlimited(subject, 'VALID', checkedLimits));
  const cost = request.credits?.cost ?? costDefault;
  return spend({ subject, checkedLimits, cost, failure: undefined }, ports);
}

/** What came of asking for credits: whether the cost was spent, and what is left in all. */
export type SpentCredits = Pick<SpendResult, 'outcome' | 'left'>;

/** The verdict, once it is known what is left and whether it sufficed. */
export function settleSpend(pending: PendingSpend, spend: SpentCredits | 'unlimited'): Verdict {
  const { subject, checkedLimits, cost } = pending;
  if (spend === 'unlimited') return unlimited(subject, pending.failure ?? 'VALID', checkedLimits);
  const isSpent = spend.outcome === 'spent' || cost === 0;
  const outcome = pending.failure ?? (isSpent ? 'VALID' : 'USAGE_EXCEEDED');
  const spentCredits = outcome === 'VALID' ? cost : 0;
  return { ...subject, outcome, checkedLimits, remainingCredits: spend.left, spentCredits };
}

/** The same when nobody can tell now what is left: undefined if the verdict depends on it. */
export function settleUnknown({ subject, checkedLimits, cost, failure }: PendingSpend) {
  const outcome = failure ?? (cost === 0 ? 'VALID' : undefined);
  return outcome && unlimited(subject, outcome, checkedLimits);
}

/** Of a key without limited credits, or with credits that nobody can tell. */
function unlimited(
  { key, api, identity, permissions, roles }: Subject,
  outcome: KnownOutcome,
  checkedLimits: readonly CheckedLimit[],
): KnownVerdict {
  return {
    key,
    api,
    identity,
    permissions,
    roles,
    outcome,
    checkedLimits,
    remainingCredits: undefined,
    spentCredits: 0,
  };
}

/** A failure before the credits: of those only what is left is told. */
function failed(
  subject: Subject,
  { failure, checkedLimits }: { failure: Failure; checkedLimits: readonly CheckedLimit[] },
  ports: VerifyPorts,
): Decision {
  if (!subject.key.hasCredits) return verdict(unlimited(subject, failure, checkedLimits));
  return spend({ subject, checkedLimits, cost: 0, failure }, ports);
}

/** Out of this node's lease if that is enough; otherwise there is something to be asked first. */
function spend(pending: PendingSpend, { credits }: VerifyPorts): Decision {
  const result = credits.spend(pending.subject.key.keyId, pending.cost);
  if (result.outcome !== 'spent') return { kind: 'pending', pending };
  return verdict(settleSpend(pending, result));
}

function verdict(found: Verdict): Decision {
  return { kind: 'verdict', verdict: found };
}

function unknownLimit({ key, identity }: Subject, name: string): Decision {
  const owners = identity
    ? `neither the key ${key.keyId} nor its identity ${identity.identityId} ` +
      `(${identity.externalId}) has it`
    : `the key ${key.keyId} does not have it, and no identity is attached`;
  const detail = `The rate limit ${JSON.stringify(name)} was not found: ${owners}.`;
  return refused('unkey/application/precondition_failed', detail);
}

function refused(code: Parameters<typeof fault>[0], detail: string): Decision {
  return { kind: 'fault', fault: fault(code, detail) };
}
