/** Requests and results of `keys.*`, except verification and the ties to permissions and roles. */
import { identityResult } from './identities.ts';
import {
  boolean,
  closed,
  integer,
  integerBetween,
  list,
  nullable,
  oneOf,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import {
  expires,
  externalId,
  instantMaxMs,
  integerMax,
  keyCredits,
  keyId,
  meta,
  permissionSlug,
  ratelimit,
  ratelimitRequests,
  refill,
  remainingCredits,
  roleName,
} from './shared.ts';

export const keyBytesDefault = 16;

/** Here an API id may be shorter than in `apis.*`. */
const apiId = stringBetween(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of the API that the key belongs to.',
});
const keyName = stringBetween(1, 255, { description: 'A name for people.' });
const enabled = boolean({ default: true, description: 'Whether the key may be used.' });
const roles = list(roleName, { maxItems: 100, description: 'Roles by name.' });
const permissions = list(permissionSlug, {
  maxItems: 1000,
  description: 'Permissions by slug; missing ones are created.',
});
const decrypt = boolean({
  default: false,
  description: 'Whether to show a recoverable key in full.',
});
const plaintextKey = stringBetween(1, 512, { description: 'The whole key.' });

export const createKeyBody = closed(
  {
    apiId,
    prefix: optional(
      stringBetween(1, 16, {
        pattern: '^[a-zA-Z0-9_]+$',
        description: 'What the key starts with.',
      }),
    ),
    byteLength: optional(
      integerBetween(16, 255, {
        default: keyBytesDefault,
        description: 'How many random bytes the key is made of.',
      }),
    ),
    name: optional(keyName),
    externalId: optional(externalId),
    meta: optional(meta),
    roles: optional(roles),
    permissions: optional(permissions),
    expires: optional(expires),
    credits: optional(keyCredits),
    ratelimits: optional(ratelimitRequests),
    enabled: optional(enabled),
    recoverable: optional(
      boolean({
        default: false,
        description: 'Whether the key is also kept encrypted, to be shown again.',
      }),
    ),
  },
  'A key to create.',
);
export type CreateKeyBody = Static<typeof createKeyBody>;

/** Also `data` of rerollKey. */
export const createKeyResult = open(
  { keyId, key: plaintextKey },
  'The new key; a key that is not recoverable is shown here only.',
);
export type CreateKeyResult = Static<typeof createKeyResult>;

export const getKeyBody = closed({ keyId, decrypt: optional(decrypt) }, 'The key to read.');
export type GetKeyBody = Static<typeof getKeyBody>;

export const whoamiBody = closed({ key: plaintextKey }, 'The key to read, by itself.');
export type WhoamiBody = Static<typeof whoamiBody>;

/** `data` of getKey and whoami, and one row of listKeys. Unlimited keys have no `credits`. */
export const keyResult = open(
  {
    keyId: string({ description: 'The id of the key (`key_…`).' }),
    start: string({ description: 'The first characters of the key, to recognise it by.' }),
    enabled: boolean({ description: 'Whether the key may be used.' }),
    createdAt: integer({ description: 'Unix milliseconds.' }),
    name: optional(string({ description: 'A name for people.' })),
    meta: optional(meta),
    updatedAt: optional(integer({ description: 'Unix milliseconds.' })),
    lastUsedAt: optional(integer({ description: 'Unix milliseconds.' })),
    expires: optional(integer({ description: 'Unix milliseconds.' })),
    permissions: optional(
      list(string({}), { description: 'Slugs held directly or through roles.' }),
    ),
    roles: optional(list(string({}), { description: 'Names of the roles of the key.' })),
    credits: optional(keyCredits),
    identity: optional(identityResult),
    plaintext: optional(string({ description: 'The whole key, if it was asked for.' })),
    ratelimits: optional(list(ratelimit, { description: 'Limits of the key itself.' })),
  },
  'A key.',
);
export type KeyResult = Static<typeof keyResult>;

const creditsUpdate = closed(
  {
    remaining: optional(remainingCredits),
    refill: optional(nullable(refill)),
  },
  'Credits to set; null clears, what is absent stays.',
);

export const updateKeyBody = closed(
  {
    keyId,
    name: optional(nullable(keyName)),
    externalId: optional(nullable(externalId)),
    meta: optional(nullable(meta)),
    expires: optional(nullable(expires)),
    credits: optional(nullable(creditsUpdate)),
    ratelimits: optional(ratelimitRequests),
    enabled: optional(boolean({ description: 'Whether the key may be used.' })),
    roles: optional(roles),
    permissions: optional(permissions),
  },
  'What is given replaces what is stored, null clears it, what is absent stays.',
);
export type UpdateKeyBody = Static<typeof updateKeyBody>;

export const deleteKeyBody = closed(
  {
    keyId,
    permanent: optional(
      boolean({ default: false, description: 'Whether to erase the key altogether.' }),
    ),
  },
  'The key to delete.',
);
export type DeleteKeyBody = Static<typeof deleteKeyBody>;

export const rerollKeyBody = open(
  {
    keyId,
    expiration: integerBetween(0, instantMaxMs, {
      description: 'For how many milliseconds the old key still works.',
    }),
  },
  'The key to replace by a new one with the same settings.',
);
export type RerollKeyBody = Static<typeof rerollKeyBody>;

export const updateCreditsBody = closed(
  {
    keyId: string({ minLength: 3, description: 'The id of a key (`key_…`).' }),
    operation: oneOf(['set', 'increment', 'decrement'], 'What to do with the value.'),
    value: optional(
      nullable(
        integerBetween(0, integerMax, { description: 'Credits; null with set: unlimited.' }),
      ),
    ),
  },
  'A change of the credits of a key.',
);
export type UpdateCreditsBody = Static<typeof updateCreditsBody>;

const migratedKey = closed(
  {
    hash: string({ minLength: 3, description: 'The hash, as the migration defines it.' }),
    name: optional(keyName),
    externalId: optional(
      stringBetween(1, 255, { description: 'Your own id of the user or organisation.' }),
    ),
    meta: optional(meta),
    roles: optional(roles),
    permissions: optional(permissions),
    expires: optional(expires),
    enabled: optional(enabled),
    credits: optional(keyCredits),
    ratelimits: optional(ratelimitRequests),
  },
  'A key that exists elsewhere.',
);

export const migrateKeysBody = closed(
  {
    migrationId: stringBetween(3, 255, {
      description: 'The migration that says how the keys are hashed.',
    }),
    apiId,
    keys: list(migratedKey, { minItems: 1, description: 'The keys to take over.' }),
  },
  'Keys to take over without knowing them.',
);
export type MigrateKeysBody = Static<typeof migrateKeysBody>;

export const migrateKeysResult = open(
  {
    migrated: list(
      open(
        { hash: string({ description: 'As in the request.' }), keyId },
        'A key that was taken over.',
      ),
      { description: 'The keys that were taken over.' },
    ),
    failed: list(string({}), { description: 'Hashes that existed already.' }),
  },
  'What became of each key.',
);
export type MigrateKeysResult = Static<typeof migrateKeysResult>;
