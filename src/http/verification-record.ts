import type { VerificationEvent } from '../domain/verification-event.ts';
import type { Verdict } from '../verify/verdict.ts';
import type { VerifyCall } from './verify-call.ts';

type Circumstances = { requestId: string; timeMs: number; latencyUs: number };

const noTags: readonly string[] = [];
const noOriginal = { method: '', path: '', clientAddress: '' };

/** What is kept of a verification. Of a key that is not there for the caller: that it asked. */
export function toVerificationEvent(
  verdict: Verdict,
  { principal, request, original }: VerifyCall,
  { requestId, timeMs, latencyUs }: Circumstances,
): VerificationEvent {
  const isKnown = verdict.outcome !== 'NOT_FOUND';
  const { method, path, clientAddress } = original ?? noOriginal;
  return {
    requestId,
    timeMs,
    workspaceId: principal.workspaceId,
    keyspaceId: isKnown ? verdict.api.keyspaceId : '',
    keyId: isKnown ? verdict.key.keyId : '',
    identityId: (isKnown && verdict.identity?.identityId) || '',
    externalId: (isKnown && verdict.identity?.externalId) || '',
    outcome: verdict.outcome,
    tags: request.tags ?? noTags,
    spentCredits: isKnown ? verdict.spentCredits : 0,
    latencyUs,
    method,
    path,
    clientAddress,
  };
}
