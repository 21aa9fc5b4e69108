/** Keys and identities as the first copy reads them, as changes like those of `loadDocuments`. */

import type { RawKey, Span } from '../../src/keys/raw-key.ts';
import type { IdentityChange, KeyChange } from '../../src/keys/replica-change.ts';
import type { Database } from '../../src/lib/database.ts';
import { identityStatements, joinIdentities } from '../../src/replication/copy-identities.ts';
import { joinKeys, keyStatements } from '../../src/replication/copy-keys.ts';
import { copySideBySide } from '../../src/replication/copy-side-by-side.ts';

const repeatable = 'isolation level repeatable read read only';

export async function copiedKeys(database: Database): Promise<KeyChange[]> {
  const changes: KeyChange[] = [];
  await database.begin(repeatable, (transaction) =>
    copySideBySide({ database, transaction }, keyStatements, async (rows) => {
      const pieces = joinKeys(rows, (key) => changes.push(changeOf(key)));
      for await (const count of pieces) void count;
    }),
  );
  return changes;
}

export async function copiedIdentities(database: Database): Promise<IdentityChange[]> {
  const changes: IdentityChange[] = [];
  await database.begin(repeatable, (transaction) =>
    copySideBySide({ database, transaction }, identityStatements, async (rows) => {
      for await (const some of joinIdentities(rows)) changes.push(...some);
    }),
  );
  return changes;
}

function changeOf(key: RawKey): KeyChange {
  const { hash, hashKind, isEnabled, expiresAtMs, hasCredits, traits } = key;
  const { workspaceId, apiId, permissionIds, roleIds } = traits;
  const limitIds = textOf(key.limitIds).split(',');
  const record = {
    ...{ keyId: textOf(key.keyId), workspaceId, apiId, identityId: textOf(key.identityId) },
    ...{ isEnabled, expiresAtMs, hasCredits, migrationId: textOf(key.migrationId) },
    ...{ permissionIds, roleIds, name: textOf(key.name), metaJson: textOf(key.metaJson) },
    limits: traits.limits.map((terms, index) => ({ limitId: limitIds[index] as string, ...terms })),
  };
  return {
    kind: 'key',
    hash: Buffer.from(hash.bytes.subarray(hash.start, hash.end)),
    hashKind,
    record,
  };
}

const textOf = ({ bytes, start, end }: Span) => bytes.toString('utf8', start, end);
