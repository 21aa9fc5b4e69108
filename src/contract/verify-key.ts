/** Request and result of `keys.verifyKey`. */
import { identityResult } from './identities.ts';
import {
  boolean,
  closed,
  integer,
  integerBetween,
  list,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { integerMax, meta } from './shared.ts';

export const keyLengthMax = 512;
export const permissionsLengthMax = 1000;
const costMax = 1_000_000_000_000;

/**
 * Either the name of a configured limit with what this call costs, or, where both `limit` and
 * `duration` are there, a limit of this call's own. Unknown fields are ignored.
 */
const verifyRatelimit = open(
  {
    name: stringBetween(3, 255, { description: 'The name of a limit of the key or its identity.' }),
    cost: optional(
      integerBetween(0, integerMax, {
        default: 1,
        description: 'What this call counts; 0 only looks.',
      }),
    ),
    limit: optional(
      integerBetween(0, integerMax, {
        description: 'With duration: a limit that is not configured.',
      }),
    ),
    duration: optional(
      integerBetween(0, integerMax, { description: 'With limit: its window in milliseconds.' }),
    ),
  },
  'A rate limit to check.',
);

export const verifyKeyBody = closed(
  {
    key: stringBetween(1, keyLengthMax, { description: 'The whole key as its holder sent it.' }),
    permissions: optional(
      stringBetween(1, permissionsLengthMax, {
        description: 'What the key must be allowed to do: slugs, AND, OR, ().',
      }),
    ),
    credits: optional(
      closed(
        { cost: integerBetween(0, costMax, { description: 'How many credits this use costs.' }) },
        'For keys with limited credits; without it a use costs 1.',
      ),
    ),
    ratelimits: optional(
      list(verifyRatelimit, { description: 'Limits to check besides those that always apply.' }),
    ),
    tags: optional(
      list(stringBetween(1, 512, { description: 'A tag.' }), {
        maxItems: 20,
        description: 'Words that are stored with the event, for analytics.',
      }),
    ),
    migrationId: optional(
      string({ maxLength: 256, description: 'The import that the key may stem from.' }),
    ),
    ip: optional(
      stringBetween(1, 45, {
        description: 'IPv4 or IPv6 address of the end caller, for allow-lists.',
      }),
    ),
  },
  'A key to verify.',
);
export type VerifyKeyBody = Static<typeof verifyKeyBody>;

export const checkedRatelimit = open(
  {
    id: string({ description: 'The id of the limit; empty for one of this call only.' }),
    name: string({ description: 'The name of the limit.' }),
    limit: integer({ description: 'How much is allowed within one window.' }),
    duration: integer({ description: 'The length of the window in milliseconds.' }),
    remaining: integer({ description: 'What is left in this window.' }),
    reset: integer({ description: 'When the window ends, in Unix milliseconds.' }),
    exceeded: boolean({ description: 'Whether this limit refused the call.' }),
    autoApply: boolean({ description: 'Whether the limit always applies.' }),
  },
  'A rate limit that was checked.',
);
export type CheckedRatelimit = Static<typeof checkedRatelimit>;

export const verifyKeyResult = open(
  {
    valid: boolean({ description: 'Whether the key is good for this call.' }),
    code: string({ description: 'VALID, or why not; more codes may come.' }),
    keyId: optional(string({ description: 'The id of the key (`key_…`).' })),
    enabled: optional(boolean({ description: 'Whether the key is switched on.' })),
    name: optional(string({ description: 'The name of the key.' })),
    meta: optional(meta),
    expires: optional(
      integer({ description: 'When the key stops being valid, in Unix milliseconds.' }),
    ),
    credits: optional(integer({ description: 'Credits left, if they are limited.' })),
    permissions: optional(
      list(string({}), { description: 'Slugs held directly or through roles.' }),
    ),
    roles: optional(list(string({}), { description: 'Names of the roles of the key.' })),
    identity: optional(identityResult),
    ratelimits: optional(list(checkedRatelimit, { description: 'What was checked.' })),
  },
  'The verdict; of a key that is not found, only valid and code.',
);
export type VerifyKeyResult = Static<typeof verifyKeyResult>;
