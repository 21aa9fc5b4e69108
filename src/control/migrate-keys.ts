/** Keys that exist elsewhere, taken over by their hashes. Their holders notice nothing. */
import type { MigrateKeysBody, MigrateKeysResult } from '../contract/keys.ts';
import { apiNeed } from '../domain/grants.ts';
import { hashAlgorithms, parseHash } from '../domain/hash-algorithms.ts';
import { newId } from '../domain/ids.ts';
import type { Database, Queryable } from '../lib/database.ts';
import type { FirstUse } from '../verify/verdict.ts';
import { findApi, refuseUnknownApi } from './apis.ts';
import { demand } from './authorize.ts';
import { inChange } from './change.ts';
import { checkNewCredits } from './credits.ts';
import { insertKeys, type NewKey } from './insert-keys.ts';
import { findMigration, type MigrationRow, refuseUnknownMigration } from './key-migrations.ts';
import { type Operation, refuseInput } from './operation.ts';

export const migrateKeys: Operation<MigrateKeysBody, MigrateKeysResult> = async (
  context,
  caller,
  { apiId, migrationId, keys },
) => {
  const { database } = context;
  demand(caller, { all: [apiNeed(apiId, 'create_key')] });
  const api = await findApi(database, caller.workspaceId, apiId);
  if (!api) refuseUnknownApi();
  const migration = await findMigration(database, caller.workspaceId, migrationId);
  if (!migration) refuseUnknownMigration();
  for (const { credits } of keys) checkNewCredits(credits);
  const wanted = toNewKeys(keys, migration);
  return inChange(context, caller, async (scope) => {
    const known = await findHashes(scope.transaction, wanted, migration.hashKind);
    const fresh = wanted.filter(({ hash }) => !known.has(hash.toString('hex')));
    const stored =
      fresh.length === 0
        ? new Set<string>()
        : await insertKeys(scope, {
            apiId: api.id,
            keys: fresh,
            imported: { hashKind: migration.hashKind, migrationId },
          });
    const migrated = wanted.filter(({ keyId }) => stored.has(keyId));
    const failed = wanted.filter(({ keyId }) => !stored.has(keyId));
    return {
      migrated: migrated.map(({ keyId, text }) => ({ hash: text, keyId })),
      failed: failed.map(({ text }) => text),
    };
  });
};

/** `text` is the hash as the request has it. */
type ImportedKey = NewKey & { text: string };

/** Of two with the same hash the later wins. */
function toNewKeys(keys: MigrateKeysBody['keys'], { hashKind }: MigrationRow): ImportedKey[] {
  const algorithm = hashAlgorithms[hashKind] as (typeof hashAlgorithms)[number];
  const byHash = new Map<string, ImportedKey>();
  for (const [index, settings] of keys.entries()) {
    const hash = parseHash(algorithm, settings.hash);
    if (!hash) {
      refuseInput(`keys[${index}].hash is not a hash of ${algorithm} in hex or base64.`);
    }
    const keyId = newId('key');
    byHash.set(hash.toString('hex'), { keyId, hash, start: '', settings, text: settings.hash });
  }
  return [...byHash.values()];
}

/** Which of these hashes exist already, of deleted keys too, in hex. */
async function findHashes(
  database: Queryable,
  keys: readonly ImportedKey[],
  hashKind: number,
): Promise<Set<string>> {
  const hashes = keys.map(({ hash }) => hash.toString('hex'));
  const rows = await database<{ hash: string }[]>`
    select encode(k.hash, 'hex') as hash
    from unnest(${hashes}::text[]) as wanted (hash)
    join latchkey.keys k on k.hash = decode(wanted.hash, 'hex') and k.hash_kind = ${hashKind}`;
  return new Set(rows.map(({ hash }) => hash));
}

/**
 * From its first use on, an imported key is found like any other, by the SHA-256 of the whole key.
 * False when another node was faster, or the key has gone.
 */
export async function completeMigration(database: Database, use: FirstUse): Promise<boolean> {
  const updated = await database`
    update latchkey.keys set hash = ${use.hash}, hash_kind = 0, start = ${use.start},
      migration_id = null
    where id = ${use.keyId} and migration_id = ${use.migrationId} and deleted_at_ms is null`;
  return updated.count === 1;
}
