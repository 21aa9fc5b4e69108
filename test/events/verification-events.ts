import type { VerificationEvent } from '../../src/domain/verification-event.ts';

/** The event with this number: the same number gives the same event. */
export function verificationEvent(
  number: number,
  changes: Partial<VerificationEvent> = {},
): VerificationEvent {
  return {
    requestId: `req_${String(number).padStart(9, '0')}`,
    timeMs: 1_790_000_000_000 + number,
    workspaceId: 'ws_aaaaaaaaa',
    keyspaceId: `ks_${String(number % 7).padStart(9, '0')}`,
    keyId: `key_${String(number % 1000).padStart(9, '0')}`,
    identityId: `id_${String(number % 100).padStart(9, '0')}`,
    externalId: `user_${number % 100}`,
    outcome: number % 10 === 9 ? 'RATE_LIMITED' : 'VALID',
    tags: number % 4 === 0 ? ['path=/v1/items', 'env=prod'] : [],
    spentCredits: number % 10 === 9 ? 0 : 1,
    latencyUs: 3 + (number % 50),
    method: '',
    path: '',
    clientAddress: `10.0.0.${number % 250}`,
    ...changes,
  };
}
