/** Requests and results of `identities.*`. */
import { closed, list, open, optional, type Static, string } from './json-schema.ts';
import {
  cursor,
  externalId,
  meta,
  pageLimit,
  ratelimit,
  ratelimitRequests,
  search,
} from './shared.ts';

/** No pattern and no maximum: what cannot exist is not found, rather than refused. */
const identityReference = string({
  minLength: 1,
  description: 'An identity by its id (`id_…`) or by its externalId.',
});

export const identityResult = open(
  {
    id: string({ description: 'The id of the identity (`id_…`).' }),
    externalId: string({ description: 'Your own id of the user or organisation.' }),
    meta: optional(meta),
    ratelimits: optional(
      list(ratelimit, { description: 'Limits shared by all keys of the identity.' }),
    ),
  },
  'An identity: one user or organisation with any number of keys.',
);
export type IdentityResult = Static<typeof identityResult>;

export const createIdentityBody = open(
  {
    externalId,
    meta: optional(meta),
    ratelimits: optional(ratelimitRequests),
  },
  'An identity to create.',
);
export type CreateIdentityBody = Static<typeof createIdentityBody>;

export const createIdentityResult = open(
  { identityId: string({ description: 'The id of the identity (`id_…`).' }) },
  'The created identity.',
);
export type CreateIdentityResult = Static<typeof createIdentityResult>;

export const getIdentityBody = closed({ identity: identityReference }, 'The identity to read.');
export type GetIdentityBody = Static<typeof getIdentityBody>;

export const listIdentitiesBody = closed(
  {
    limit: optional(pageLimit),
    cursor: optional(cursor),
    search: optional(search),
  },
  'Which identities to list.',
);
export type ListIdentitiesBody = Static<typeof listIdentitiesBody>;

export const listIdentitiesResult = list(identityResult, { description: 'One page, by id.' });
export type ListIdentitiesResult = Static<typeof listIdentitiesResult>;

export const updateIdentityBody = closed(
  {
    identity: identityReference,
    meta: optional(meta),
    ratelimits: optional(ratelimitRequests),
  },
  'What is given replaces what is stored; what is absent stays.',
);
export type UpdateIdentityBody = Static<typeof updateIdentityBody>;

export const deleteIdentityBody = closed(
  { identity: identityReference },
  'The identity to delete; its keys go on without it.',
);
export type DeleteIdentityBody = Static<typeof deleteIdentityBody>;
