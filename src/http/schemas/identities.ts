/** Requests and results of `identities.*`. */
import { type Static, Type } from '@sinclair/typebox';
import {
  closed,
  cursor,
  externalId,
  list,
  meta,
  open,
  pageLimit,
  ratelimit,
  ratelimitRequests,
  search,
} from './shared.ts';

/** No pattern and no maximum: what cannot exist is not found, rather than refused. */
const identityReference = Type.String({
  minLength: 1,
  description: 'An identity by its id (`id_…`) or by its externalId.',
});

export const identityResult = open(
  {
    id: Type.String({ description: 'The id of the identity (`id_…`).' }),
    externalId: Type.String({ description: 'Your own id of the user or organisation.' }),
    meta: Type.Optional(meta),
    ratelimits: Type.Optional(
      list(ratelimit, { description: 'Limits shared by all keys of the identity.' }),
    ),
  },
  'An identity: one user or organisation with any number of keys.',
);
export type IdentityResult = Static<typeof identityResult>;

export const createIdentityBody = open(
  {
    externalId,
    meta: Type.Optional(meta),
    ratelimits: Type.Optional(ratelimitRequests),
  },
  'An identity to create.',
);
export type CreateIdentityBody = Static<typeof createIdentityBody>;

export const createIdentityResult = open(
  { identityId: Type.String({ description: 'The id of the identity (`id_…`).' }) },
  'The created identity.',
);
export type CreateIdentityResult = Static<typeof createIdentityResult>;

export const getIdentityBody = closed({ identity: identityReference }, 'The identity to read.');
export type GetIdentityBody = Static<typeof getIdentityBody>;

export const listIdentitiesBody = closed(
  {
    limit: Type.Optional(pageLimit),
    cursor: Type.Optional(cursor),
    search: Type.Optional(search),
  },
  'Which identities to list.',
);
export type ListIdentitiesBody = Static<typeof listIdentitiesBody>;

export const listIdentitiesResult = list(identityResult, { description: 'One page, by id.' });
export type ListIdentitiesResult = Static<typeof listIdentitiesResult>;

export const updateIdentityBody = closed(
  {
    identity: identityReference,
    meta: Type.Optional(meta),
    ratelimits: Type.Optional(ratelimitRequests),
  },
  'What is given replaces what is stored; what is absent stays.',
);
export type UpdateIdentityBody = Static<typeof updateIdentityBody>;

export const deleteIdentityBody = closed(
  { identity: identityReference },
  'The identity to delete; its keys go on without it.',
);
export type DeleteIdentityBody = Static<typeof deleteIdentityBody>;
