/** Requests and results of the `apis.*` operations that upstream does not have. */
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
import { apiId, cursor, pageLimit } from './shared.ts';

const allowedAddressesMax = 1000;

const name = stringBetween(3, 256, { description: 'A name for people.' });
const deleteProtection = boolean({ description: 'Whether the API cannot be deleted.' });
const recoverableKeys = boolean({ description: 'Whether recoverable keys may be created.' });
const keyChecksum = boolean({
  description: 'Whether new keys end with a checksum, by which junk is told without a look-up.',
});
const defaultPrefix = stringBetween(1, 8, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'What new keys start with when the request names no prefix.',
});
const defaultBytes = integerBetween(16, 255, {
  description: 'How many random bytes new keys are made of when the request does not say.',
});

export const listApisBody = closed(
  { limit: optional(pageLimit), cursor: optional(cursor) },
  'Which APIs to list.',
);
export type ListApisBody = Static<typeof listApisBody>;

export const getApiSettingsBody = closed(
  { workspaceId: optional(workspaceReference), apiId },
  'The API whose settings are read.',
);
export type GetApiSettingsBody = Static<typeof getApiSettingsBody>;

/** Also `data` of updateApi. */
export const apiSettingsResult = open(
  {
    id: string({ description: 'The id of the API (`api_…`).' }),
    keyspaceId: string({ description: 'The keyspace (`ks_…`), as URN permissions name it.' }),
    name,
    allowedAddresses: list(string({}), {
      description: 'Addresses and CIDR ranges from which keys may be used; none: from anywhere.',
    }),
    deleteProtection,
    recoverableKeys,
    keyChecksum,
    defaultPrefix: optional(defaultPrefix),
    defaultBytes: optional(defaultBytes),
    createdAt: integer({ description: 'Unix milliseconds.' }),
  },
  'An API with its settings.',
);
export type ApiSettingsResult = Static<typeof apiSettingsResult>;

export const listApisResult = list(apiSettingsResult, { description: 'One page, by id.' });

export const updateApiBody = closed(
  {
    workspaceId: optional(workspaceReference),
    apiId,
    name: optional(name),
    allowedAddresses: optional(
      list(stringBetween(1, 64, { description: 'An IPv4 or IPv6 address or CIDR range.' }), {
        maxItems: allowedAddressesMax,
        description: 'From where keys may be used; none: from anywhere.',
      }),
    ),
    deleteProtection: optional(deleteProtection),
    recoverableKeys: optional(recoverableKeys),
    keyChecksum: optional(keyChecksum),
    defaultPrefix: optional(nullable(defaultPrefix)),
    defaultBytes: optional(nullable(defaultBytes)),
  },
  'What is given replaces what is stored, null clears it, what is absent stays.',
);
export type UpdateApiBody = Static<typeof updateApiBody>;
