/** The calls that are answered without PostgreSQL, as the OpenAPI document describes them. */
import { limitBody, limitResult, multiLimitBody, multiLimitResult } from '../contract/ratelimit.ts';
import { verifyKeyBody, verifyKeyResult } from '../contract/verify-key.ts';
import { verifyKeysBody, verifyKeysResult } from '../contract/verify-keys.ts';
import type { DocumentedCall } from './openapi.ts';

const plain = { envelope: 'data', isChange: false } as const;

export const hotCalls: readonly DocumentedCall[] = [
  { ...plain, name: 'keys.verifyKey', body: verifyKeyBody, result: verifyKeyResult },
  { ...plain, name: 'keys.verifyKeys', body: verifyKeysBody, result: verifyKeysResult },
  { ...plain, name: 'ratelimit.limit', body: limitBody, result: limitResult },
  { ...plain, name: 'ratelimit.multiLimit', body: multiLimitBody, result: multiLimitResult },
];
