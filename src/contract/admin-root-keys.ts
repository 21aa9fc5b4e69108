/** Requests and results of `rootKeys.*`. */

import { workspaceReference } from './admin-workspaces.ts';
import {
  boolean,
  closed,
  integer,
  integerBetween,
  list,
  nullable,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { cursor, expires, instantMaxMs, pageLimit } from './shared.ts';

const rootKeyId = stringBetween(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The id of a root key (`key_…`), not the key itself.',
});
const name = stringBetween(1, 255, { description: 'A name for people.' });
const permissions = list(stringBetween(1, 512, { description: 'A permission.' }), {
  minItems: 1,
  maxItems: 1000,
  description: 'What the root key may do; no more than the caller may.',
});
const rootKeyText = string({ description: 'The whole root key.' });

export const createRootKeyBody = closed(
  {
    workspaceId: optional(workspaceReference),
    name: optional(name),
    permissions,
    expires: optional(expires),
  },
  'A root key to create.',
);
export type CreateRootKeyBody = Static<typeof createRootKeyBody>;

/** Also `data` of rotateRootKey. */
export const createRootKeyResult = open(
  { rootKeyId, key: rootKeyText },
  'The new root key, which is shown here only.',
);
export type CreateRootKeyResult = Static<typeof createRootKeyResult>;

export const rootKeyResult = open(
  {
    rootKeyId: string({ description: 'The id of the root key (`key_…`).' }),
    workspaceId: string({ description: 'The workspace that it controls.' }),
    start: string({ description: 'The first characters of the root key, to recognise it by.' }),
    name: optional(string({ description: 'A name for people.' })),
    permissions: list(string({}), { description: 'What it may do.' }),
    enabled: boolean({ description: 'Whether it may be used.' }),
    expires: optional(integer({ description: 'Unix milliseconds.' })),
    createdAt: integer({ description: 'Unix milliseconds.' }),
    updatedAt: optional(integer({ description: 'Unix milliseconds.' })),
  },
  'A root key.',
);
export type RootKeyResult = Static<typeof rootKeyResult>;

export const listRootKeysBody = closed(
  {
    workspaceId: optional(workspaceReference),
    limit: optional(pageLimit),
    cursor: optional(cursor),
  },
  'Which root keys to list.',
);
export type ListRootKeysBody = Static<typeof listRootKeysBody>;

export const listRootKeysResult = list(rootKeyResult, { description: 'One page, by id.' });

export const updateRootKeyBody = closed(
  {
    workspaceId: optional(workspaceReference),
    rootKeyId,
    name: optional(nullable(name)),
    permissions: optional(permissions),
    enabled: optional(boolean({ description: 'Whether it may be used.' })),
    expires: optional(nullable(expires)),
  },
  'What is given replaces what is stored, null clears it, what is absent stays.',
);
export type UpdateRootKeyBody = Static<typeof updateRootKeyBody>;

export const rotateRootKeyBody = closed(
  {
    workspaceId: optional(workspaceReference),
    rootKeyId,
    expiration: integerBetween(0, instantMaxMs, {
      description: 'For how many milliseconds the old root key still works.',
    }),
  },
  'The root key to replace by a new one with the same rights.',
);
export type RotateRootKeyBody = Static<typeof rotateRootKeyBody>;

export const revokeRootKeyBody = closed(
  { workspaceId: optional(workspaceReference), rootKeyId },
  'The root key to revoke, for ever.',
);
export type RevokeRootKeyBody = Static<typeof revokeRootKeyBody>;
