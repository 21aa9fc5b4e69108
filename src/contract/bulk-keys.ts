/** Requests and results of the `keys.*` operations on many keys, which upstream does not have. */
import {
  boolean,
  closed,
  integer,
  list,
  open,
  optional,
  type Schema,
  type Static,
} from './json-schema.ts';
import { type CreateKeyBody, createKeyBody, createKeyResult } from './keys.ts';
import { apiId, externalId, keyId } from './shared.ts';

export const bulkKeysMax = 1000;
/** How many keys one call deletes of an identity or an API, which may have millions. */
export const deletedKeysMax = 10_000;

/** As in createKey, without the API. */
const newKey = withoutApiId(createKeyBody);

export const createKeysBody = closed(
  {
    apiId,
    keys: list(newKey, {
      minItems: 1,
      maxItems: bulkKeysMax,
      description: 'The keys to create: all of them, or on an error none.',
    }),
  },
  'Keys to create in one transaction.',
);
export type CreateKeysBody = Static<typeof createKeysBody>;

export const createKeysResult = open(
  { keys: list(createKeyResult, { description: 'The new keys, in the order of the request.' }) },
  'The new keys; those that are not recoverable are shown here only.',
);
export type CreateKeysResult = Static<typeof createKeysResult>;

export const deleteKeysBody = closed(
  {
    keyIds: optional(
      list(keyId, { minItems: 1, maxItems: bulkKeysMax, description: 'These keys, or none.' }),
    ),
    externalId: optional(externalId),
    apiId: optional(apiId),
    permanent: optional(
      boolean({ default: false, description: 'Whether to erase the keys altogether.' }),
    ),
  },
  'Which keys to delete: exactly one of keyIds, externalId (of their identity) and apiId.',
);
export type DeleteKeysBody = Static<typeof deleteKeysBody>;

export const deleteKeysResult = open(
  {
    deleted: integer({ description: 'How many keys this call has deleted.' }),
    hasMore: boolean({ description: 'Whether to call again for the rest.' }),
  },
  'What was deleted.',
);
export type DeleteKeysResult = Static<typeof deleteKeysResult>;

function withoutApiId(schema: Schema<CreateKeyBody>): Schema<Omit<CreateKeyBody, 'apiId'>> {
  const { apiId: _, ...properties } = schema.properties ?? {};
  const required = schema.required?.filter((name) => name !== 'apiId') ?? [];
  return { ...schema, properties, required, description: 'A key to create.' };
}
