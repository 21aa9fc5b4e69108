import type { VerificationEvent } from '../domain/verification-event.ts';
import type { Verdict } from '../verify/verdict.ts';

type Circumstances = {
  requestId: string;
  workspaceId: string;
  tags: readonly string[] | undefined;
  timeMs: number;
  latencyUs: number;
};

const noTags: readonly string[] = [];

/** What is kept of a verification. Of a key that is not there for the caller: that it asked. */
export function toVerificationEvent(verdict: Verdict, of: Circumstances): VerificationEvent {
  const isKnown = verdict.outcome !== 'NOT_FOUND';
  return {
    requestId: of.requestId,
    timeMs: of.timeMs,
    workspaceId: of.workspaceId,
    keyspaceId: isKnown ? verdict.api.keyspaceId : '',
    keyId: isKnown ? verdict.key.keyId : '',
    identityId: (isKnown && verdict.identity?.identityId) || '',
    externalId: (isKnown && verdict.identity?.externalId) || '',
    outcome: verdict.outcome,
    tags: of.tags ?? noTags,
    spentCredits: isKnown ? verdict.spentCredits : 0,
    latencyUs: of.latencyUs,
    method: '',
    path: '',
    clientAddress: '',
  };
}
