/** Requests and results of `keys.*`, except verification and the ties to permissions and roles. */
import { type Static, Type } from '@sinclair/typebox';
import { identityResult } from './identities.ts';
import {
  closed,
  expires,
  externalId,
  instantMaxMs,
  integer,
  integerMax,
  keyCredits,
  keyId,
  list,
  meta,
  nullable,
  oneOf,
  open,
  permissionSlug,
  ratelimit,
  ratelimitRequests,
  refill,
  remainingCredits,
  roleName,
  text,
} from './shared.ts';

export const keyBytesDefault = 16;

/** Here an API id may be shorter than in `apis.*`. */
const apiId = text(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of the API that the key belongs to.',
});
const keyName = text(1, 255, { description: 'A name for people.' });
const enabled = Type.Boolean({ default: true, description: 'Whether the key may be used.' });
const roles = list(roleName, { maxItems: 100, description: 'Roles by name.' });
const permissions = list(permissionSlug, {
  maxItems: 1000,
  description: 'Permissions by slug; missing ones are created.',
});
const decrypt = Type.Boolean({
  default: false,
  description: 'Whether to show a recoverable key in full.',
});
const plaintextKey = text(1, 512, { description: 'The whole key.' });

export const createKeyBody = closed(
  {
    apiId,
    prefix: Type.Optional(
      text(1, 16, { pattern: '^[a-zA-Z0-9_]+$', description: 'What the key starts with.' }),
    ),
    byteLength: Type.Optional(
      integer(16, 255, {
        default: keyBytesDefault,
        description: 'How many random bytes the key is made of.',
      }),
    ),
    name: Type.Optional(keyName),
    externalId: Type.Optional(externalId),
    meta: Type.Optional(meta),
    roles: Type.Optional(roles),
    permissions: Type.Optional(permissions),
    expires: Type.Optional(expires),
    credits: Type.Optional(keyCredits),
    ratelimits: Type.Optional(ratelimitRequests),
    enabled: Type.Optional(enabled),
    recoverable: Type.Optional(
      Type.Boolean({
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

export const getKeyBody = closed({ keyId, decrypt: Type.Optional(decrypt) }, 'The key to read.');
export type GetKeyBody = Static<typeof getKeyBody>;

export const whoamiBody = closed({ key: plaintextKey }, 'The key to read, by itself.');
export type WhoamiBody = Static<typeof whoamiBody>;

/** `data` of getKey and whoami, and one row of listKeys. Unlimited keys have no `credits`. */
export const keyResult = open(
  {
    keyId: Type.String({ description: 'The id of the key (`key_…`).' }),
    start: Type.String({ description: 'The first characters of the key, to recognise it by.' }),
    enabled: Type.Boolean({ description: 'Whether the key may be used.' }),
    createdAt: Type.Integer({ description: 'Unix milliseconds.' }),
    name: Type.Optional(Type.String({ description: 'A name for people.' })),
    meta: Type.Optional(meta),
    updatedAt: Type.Optional(Type.Integer({ description: 'Unix milliseconds.' })),
    lastUsedAt: Type.Optional(Type.Integer({ description: 'Unix milliseconds.' })),
    expires: Type.Optional(Type.Integer({ description: 'Unix milliseconds.' })),
    permissions: Type.Optional(
      list(Type.String(), { description: 'Slugs held directly or through roles.' }),
    ),
    roles: Type.Optional(list(Type.String(), { description: 'Names of the roles of the key.' })),
    credits: Type.Optional(keyCredits),
    identity: Type.Optional(identityResult),
    plaintext: Type.Optional(Type.String({ description: 'The whole key, if it was asked for.' })),
    ratelimits: Type.Optional(list(ratelimit, { description: 'Limits of the key itself.' })),
  },
  'A key.',
);
export type KeyResult = Static<typeof keyResult>;

const creditsUpdate = closed(
  {
    remaining: Type.Optional(remainingCredits),
    refill: Type.Optional(nullable(refill)),
  },
  'Credits to set; null clears, what is absent stays.',
);

export const updateKeyBody = closed(
  {
    keyId,
    name: Type.Optional(nullable(keyName)),
    externalId: Type.Optional(nullable(externalId)),
    meta: Type.Optional(nullable(meta)),
    expires: Type.Optional(nullable(expires)),
    credits: Type.Optional(nullable(creditsUpdate)),
    ratelimits: Type.Optional(ratelimitRequests),
    enabled: Type.Optional(Type.Boolean({ description: 'Whether the key may be used.' })),
    roles: Type.Optional(roles),
    permissions: Type.Optional(permissions),
  },
  'What is given replaces what is stored, null clears it, what is absent stays.',
);
export type UpdateKeyBody = Static<typeof updateKeyBody>;

export const deleteKeyBody = closed(
  {
    keyId,
    permanent: Type.Optional(
      Type.Boolean({ default: false, description: 'Whether to erase the key altogether.' }),
    ),
  },
  'The key to delete.',
);
export type DeleteKeyBody = Static<typeof deleteKeyBody>;

export const rerollKeyBody = open(
  {
    keyId,
    expiration: integer(0, instantMaxMs, {
      description: 'For how many milliseconds the old key still works.',
    }),
  },
  'The key to replace by a new one with the same settings.',
);
export type RerollKeyBody = Static<typeof rerollKeyBody>;

export const updateCreditsBody = closed(
  {
    keyId: Type.String({ minLength: 3, description: 'The id of a key (`key_…`).' }),
    operation: oneOf(['set', 'increment', 'decrement'], 'What to do with the value.'),
    value: Type.Optional(
      nullable(integer(0, integerMax, { description: 'Credits; null with set: unlimited.' })),
    ),
  },
  'A change of the credits of a key.',
);
export type UpdateCreditsBody = Static<typeof updateCreditsBody>;

const migratedKey = closed(
  {
    hash: Type.String({ minLength: 3, description: 'The hash, as the migration defines it.' }),
    name: Type.Optional(keyName),
    externalId: Type.Optional(
      text(1, 255, { description: 'Your own id of the user or organisation.' }),
    ),
    meta: Type.Optional(meta),
    roles: Type.Optional(roles),
    permissions: Type.Optional(permissions),
    expires: Type.Optional(expires),
    enabled: Type.Optional(enabled),
    credits: Type.Optional(keyCredits),
    ratelimits: Type.Optional(ratelimitRequests),
  },
  'A key that exists elsewhere.',
);

export const migrateKeysBody = closed(
  {
    migrationId: text(3, 255, { description: 'The migration that says how the keys are hashed.' }),
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
        { hash: Type.String({ description: 'As in the request.' }), keyId },
        'A key that was taken over.',
      ),
      { description: 'The keys that were taken over.' },
    ),
    failed: list(Type.String(), { description: 'Hashes that existed already.' }),
  },
  'What became of each key.',
);
export type MigrateKeysResult = Static<typeof migrateKeysResult>;
