/** Requests and results of `apis.*`. */
import {
  boolean,
  closed,
  list,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { keyResult } from './keys.ts';
import { apiId, pageLimit } from './shared.ts';

export const createApiBody = closed(
  { name: stringBetween(3, 256, { description: 'A name for people; several APIs may share it.' }) },
  'An API to create.',
);
export type CreateApiBody = Static<typeof createApiBody>;

export const createApiResult = open({ apiId }, 'The created API.');
export type CreateApiResult = Static<typeof createApiResult>;

export const getApiBody = closed({ apiId }, 'The API to read.');
export type GetApiBody = Static<typeof getApiBody>;

export const getApiResult = open(
  { id: apiId, name: string({ description: 'The name given at creation.' }) },
  'An API.',
);
export type GetApiResult = Static<typeof getApiResult>;

export const deleteApiBody = closed({ apiId }, 'The API to delete; its keys stop verifying.');
export type DeleteApiBody = Static<typeof deleteApiBody>;

export const listKeysBody = closed(
  {
    apiId: string({ minLength: 1, description: 'The API whose keys are listed.' }),
    limit: optional(pageLimit),
    cursor: optional(
      string({ description: 'The `pagination.cursor` of the page before; opaque.' }),
    ),
    externalId: optional(string({ minLength: 1, description: 'Only keys of this identity.' })),
    decrypt: optional(
      boolean({ default: false, description: 'Whether to show recoverable keys in full.' }),
    ),
    revalidateKeysCache: optional(
      boolean({ default: false, description: 'Accepted without effect: nothing is cached.' }),
    ),
  },
  'Which keys to list.',
);
export type ListKeysBody = Static<typeof listKeysBody>;

export const listKeysResult = list(keyResult, { description: 'One page of keys, sorted by id.' });
export type ListKeysResult = Static<typeof listKeysResult>;
