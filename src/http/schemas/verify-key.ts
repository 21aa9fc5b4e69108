/** Request and result of `keys.verifyKey`. */
import { type Static, Type } from '@sinclair/typebox';
import { identityResult } from './identities.ts';
import { closed, integer, integerMax, list, meta, open, text } from './shared.ts';

const costMax = 1_000_000_000_000;

/**
 * Either the name of a configured limit with what this call costs, or, where both `limit` and
 * `duration` are there, a limit of this call's own. Unknown fields are ignored.
 */
const verifyRatelimit = open(
  {
    name: text(3, 255, { description: 'The name of a limit of the key or its identity.' }),
    cost: Type.Optional(
      integer(0, integerMax, { default: 1, description: 'What this call counts; 0 only looks.' }),
    ),
    limit: Type.Optional(
      integer(0, integerMax, { description: 'With duration: a limit that is not configured.' }),
    ),
    duration: Type.Optional(
      integer(0, integerMax, { description: 'With limit: its window in milliseconds.' }),
    ),
  },
  'A rate limit to check.',
);

export const verifyKeyBody = closed(
  {
    key: text(1, 512, { description: 'The whole key as its holder sent it.' }),
    permissions: Type.Optional(
      text(1, 1000, { description: 'What the key must be allowed to do: slugs, AND, OR, ().' }),
    ),
    credits: Type.Optional(
      closed(
        { cost: integer(0, costMax, { description: 'How many credits this use costs.' }) },
        'For keys with limited credits; without it a use costs 1.',
      ),
    ),
    ratelimits: Type.Optional(
      list(verifyRatelimit, { description: 'Limits to check besides those that always apply.' }),
    ),
    tags: Type.Optional(
      list(text(1, 512, { description: 'A tag.' }), {
        maxItems: 20,
        description: 'Words that are stored with the event, for analytics.',
      }),
    ),
    migrationId: Type.Optional(
      Type.String({ maxLength: 256, description: 'The import that the key may stem from.' }),
    ),
    ip: Type.Optional(
      text(1, 45, { description: 'IPv4 or IPv6 address of the end caller, for allow-lists.' }),
    ),
  },
  'A key to verify.',
);
export type VerifyKeyBody = Static<typeof verifyKeyBody>;

export const checkedRatelimit = open(
  {
    id: Type.String({ description: 'The id of the limit; empty for one of this call only.' }),
    name: Type.String({ description: 'The name of the limit.' }),
    limit: Type.Integer({ description: 'How much is allowed within one window.' }),
    duration: Type.Integer({ description: 'The length of the window in milliseconds.' }),
    remaining: Type.Integer({ description: 'What is left in this window.' }),
    reset: Type.Integer({ description: 'When the window ends, in Unix milliseconds.' }),
    exceeded: Type.Boolean({ description: 'Whether this limit refused the call.' }),
    autoApply: Type.Boolean({ description: 'Whether the limit always applies.' }),
  },
  'A rate limit that was checked.',
);
export type CheckedRatelimit = Static<typeof checkedRatelimit>;

export const verifyKeyResult = open(
  {
    valid: Type.Boolean({ description: 'Whether the key is good for this call.' }),
    code: Type.String({ description: 'VALID, or why not; more codes may come.' }),
    keyId: Type.Optional(Type.String({ description: 'The id of the key (`key_…`).' })),
    enabled: Type.Optional(Type.Boolean({ description: 'Whether the key is switched on.' })),
    name: Type.Optional(Type.String({ description: 'The name of the key.' })),
    meta: Type.Optional(meta),
    expires: Type.Optional(
      Type.Integer({ description: 'When the key stops being valid, in Unix milliseconds.' }),
    ),
    credits: Type.Optional(Type.Integer({ description: 'Credits left, if they are limited.' })),
    permissions: Type.Optional(
      list(Type.String(), { description: 'Slugs held directly or through roles.' }),
    ),
    roles: Type.Optional(list(Type.String(), { description: 'Names of the roles of the key.' })),
    identity: Type.Optional(identityResult),
    ratelimits: Type.Optional(list(checkedRatelimit, { description: 'What was checked.' })),
  },
  'The verdict; of a key that is not found, only valid and code.',
);
export type VerifyKeyResult = Static<typeof verifyKeyResult>;
