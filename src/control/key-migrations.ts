/** Migrations: where imported keys come from, and how they were hashed there. */
import type {
  CreateMigrationBody,
  CreateMigrationResult,
  ListMigrationsBody,
  MigrationResult,
} from '../contract/admin-migrations.ts';
import {
  type HashAlgorithm,
  hashAlgorithms,
  hashKindOf,
  isKeyedHash,
} from '../domain/hash-algorithms.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { requireAdmin } from './authorize.ts';
import { inChange } from './change.ts';
import { contextOf, requireVault } from './encrypted-keys.ts';
import {
  type ControlContext,
  type Operation,
  type Page,
  refuse,
  refuseInput,
} from './operation.ts';
import { rowsToRead, toPage } from './page.ts';
import type { WrappedSecret } from './vault.ts';
import { requireWorkspace } from './workspaces.ts';

export const createMigration: Operation<CreateMigrationBody, CreateMigrationResult> = async (
  context,
  caller,
  { name, algorithm, ...body },
) => {
  const workspaceId = requireAdmin(caller, 'create_migration', body.workspaceId);
  const id = newId('migration');
  const pepper = sealPepper(context, { id, workspaceId }, { algorithm, pepper: body.pepper });
  return inChange(
    context,
    caller,
    async ({ transaction, nowMs, events }) => {
      await requireWorkspace(transaction, workspaceId);
      await transaction`
        insert into latchkey.key_migrations
          (id, workspace_id, name, hash_kind, pepper, pepper_master_key, created_at_ms)
        values (${id}, ${workspaceId}, ${name ?? null}, ${hashKindOf(algorithm)},
          ${pepper?.wrapped ?? null}, ${pepper?.masterKey ?? null}, ${nowMs})`;
      events.push({
        action: 'migration.create',
        summary: `Created migration ${id} of ${algorithm}`,
        resources: [{ type: 'migration', id, ...(name !== undefined && { name }) }],
        after: { name, algorithm },
      });
      return { migrationId: id };
    },
    workspaceId,
  );
};

/** undefined for an algorithm without. */
function sealPepper(
  context: ControlContext,
  owner: { id: string; workspaceId: string },
  { algorithm, pepper }: { algorithm: HashAlgorithm; pepper: string | undefined },
): WrappedSecret | undefined {
  if (!isKeyedHash(algorithm)) {
    if (pepper !== undefined) refuseInput(`pepper must be absent: ${algorithm} has none.`);
    return undefined;
  }
  if (pepper === undefined) refuseInput(`pepper is required for ${algorithm}.`);
  const secret = Buffer.from(pepper, 'base64');
  if (secret.toString('base64') !== pepper) refuseInput('pepper is not base64.');
  return requireVault(context).wrap(secret, contextOf(owner));
}

export const listMigrations: Operation<ListMigrationsBody, Page<MigrationResult>> = async (
  { database },
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'read_migration', body.workspaceId);
  const rows = await database<Listed[]>`
    select m.id, m.name, m.hash_kind as "hashKind", m.created_at_ms as "createdAt", (
      select count(*)::int from latchkey.keys k
      where k.migration_id = m.id and k.deleted_at_ms is null) as "pendingKeyCount"
    from latchkey.key_migrations m
    where m.workspace_id = ${workspaceId} and m.id >= ${body.cursor ?? ''}
    order by m.id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toResult), body, ({ id }) => id);
};

type Listed = Pick<MigrationResult, 'id' | 'createdAt' | 'pendingKeyCount'> & {
  name: string | null;
  hashKind: number;
};

function toResult({ name, hashKind, ...row }: Listed): MigrationResult {
  const algorithm = hashAlgorithms[hashKind] as HashAlgorithm;
  return { ...row, ...(name !== null && { name }), algorithm };
}

export type MigrationRow = { id: string; hashKind: number };

export async function findMigration(
  database: Queryable,
  workspaceId: string,
  migrationId: string,
): Promise<MigrationRow | undefined> {
  const [row] = await database<MigrationRow[]>`
    select id, hash_kind as "hashKind" from latchkey.key_migrations
    where id = ${migrationId} and workspace_id = ${workspaceId}`;
  return row;
}

export function refuseUnknownMigration(): never {
  refuse('unkey/data/migration_not_found', 'The requested migration does not exist.');
}
