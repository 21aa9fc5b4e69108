/**
 * The decision. Checks run in a fixed order and the first that fails decides; a refused request
 * spends nothing. Synchronous and pure: clock and look-ups are arguments, nothing is awaited and
 * nothing throws, whatever the request holds.
 */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import { apiNeed, holds } from '../domain/grants.ts';
import { keyHash } from '../domain/key-hash.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiRecord, KeyRecord } from '../domain/records.ts';
import type { KeyLookup, VerifyPorts } from './ports.ts';
import { gatherSubject } from './subject.ts';
import type { Verdict } from './verdict.ts';

export type VerifyRequest = VerifyKeyBody;

const notFound: Verdict = { outcome: 'NOT_FOUND' };

export function verifyKey(
  principal: Principal,
  request: VerifyRequest,
  { lookup, nowMs }: VerifyPorts,
): Verdict {
  const visible = findVisible(principal, request, lookup);
  if (!visible) return notFound;
  const subject = { ...visible, ...gatherSubject(lookup, visible.key) };
  const outcome = firstFailure(visible.key, lookup, nowMs) ?? 'VALID';
  return { ...subject, outcome, checkedLimits: [], remainingCredits: undefined, spentCredits: 0 };
}

/** The key, if this caller may know that it exists. */
function findVisible(
  principal: Principal,
  request: VerifyRequest,
  lookup: KeyLookup,
): { key: KeyRecord; api: ApiRecord } | undefined {
  const key = lookup.keyByHash(keyHash(request.key));
  if (!key || key.workspaceId !== principal.workspaceId) return undefined;
  const api = lookup.find('api', key.apiId);
  if (!api) return undefined;
  const urn = `keyspaces/${api.keyspaceId}/keys/${key.keyId}#verify_key`;
  return holds(principal.grants, apiNeed(api.apiId, 'verify_key', urn)) ? { key, api } : undefined;
}

type Failure = Exclude<Outcome, 'VALID' | 'NOT_FOUND'>;

function firstFailure(key: KeyRecord, lookup: KeyLookup, nowMs: number): Failure | undefined {
  if (lookup.find('workspace', key.workspaceId)?.isEnabled !== true) return 'WORKSPACE_DISABLED';
  if (!key.isEnabled) return 'DISABLED';
  if (key.expiresAtMs !== 0 && nowMs > key.expiresAtMs) return 'EXPIRED';
  return undefined;
}
