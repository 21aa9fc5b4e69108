/** Requests and results of `migrations.*`: where imported keys come from. */
import { hashAlgorithms } from '../domain/hash-algorithms.ts';
import { workspaceReference } from './admin-workspaces.ts';
import {
  closed,
  integer,
  list,
  oneOf,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { cursor, pageLimit } from './shared.ts';

const algorithm = oneOf(hashAlgorithms, 'How the keys were hashed where they come from.');
const name = stringBetween(1, 255, { description: 'A name for people.' });

export const createMigrationBody = closed(
  {
    workspaceId: optional(workspaceReference),
    name: optional(name),
    algorithm,
    pepper: optional(
      stringBetween(1, 1024, {
        description: 'The secret of a keyed hash, in base64; kept encrypted, never shown.',
      }),
    ),
  },
  'A migration to create.',
);
export type CreateMigrationBody = Static<typeof createMigrationBody>;

export const createMigrationResult = open(
  { migrationId: string({ description: 'The id of the migration (`mig_…`).' }) },
  'The created migration.',
);
export type CreateMigrationResult = Static<typeof createMigrationResult>;

export const listMigrationsBody = closed(
  {
    workspaceId: optional(workspaceReference),
    limit: optional(pageLimit),
    cursor: optional(cursor),
  },
  'Which migrations to list.',
);
export type ListMigrationsBody = Static<typeof listMigrationsBody>;

export const listMigrationsResult = list(
  open(
    {
      id: string({ description: 'The id of the migration (`mig_…`).' }),
      name: optional(string({ description: 'A name for people.' })),
      algorithm,
      pendingKeyCount: integer({ description: 'Imported keys that were not yet used.' }),
      createdAt: integer({ description: 'Unix milliseconds.' }),
    },
    'A migration.',
  ),
  { description: 'One page, by id.' },
);
export type MigrationResult = Static<typeof listMigrationsResult>[number];
