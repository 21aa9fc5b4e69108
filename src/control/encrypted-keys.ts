/** Recoverable keys: their ciphertexts, and the data keys of their workspaces. */
import { newId } from '../domain/ids.ts';
import type { Database, Queryable, Transaction } from '../lib/database.ts';
import { type ControlContext, refuse } from './operation.ts';
import { newSealingKey, seal, unseal, type Vault, type WrappedSecret } from './vault.ts';

export function requireVault({ vault }: ControlContext): Vault {
  return vault ?? refuseUnrecoverable('this server has no master key');
}

/** The switch of the API. It is asked after the caller's rights: who has none learns nothing. */
export function requireRecoverableKeys(api: { storesEncryptedKeys: boolean }): void {
  if (!api.storesEncryptedKeys) refuseUnrecoverable('this API does not allow them');
}

function refuseUnrecoverable(reason: string): never {
  refuse('unkey/application/precondition_failed', `Recoverable keys are not available: ${reason}.`);
}

type DataKey = WrappedSecret & { id: string; workspaceId: string };

/** Stores these keys encrypted. The workspace gets its first data key when it needs it. */
export async function insertEncryptedKeys(
  transaction: Transaction,
  { vault, workspaceId, nowMs }: { vault: Vault; workspaceId: string; nowMs: number },
  keys: readonly { keyId: string; key: string }[],
): Promise<void> {
  const dataKey =
    (await youngestDataKey(transaction, workspaceId)) ??
    (await insertDataKey(transaction, { vault, workspaceId, nowMs }));
  const sealingKey = vault.unwrap(dataKey, contextOf(dataKey));
  if (!sealingKey) {
    refuseUnrecoverable(`the master key ${dataKey.masterKey} of this workspace is not configured`);
  }
  const rows = keys.map(({ keyId, key }) => ({
    key_id: keyId,
    ciphertext: seal(sealingKey, Buffer.from(key), `${workspaceId}/${keyId}`).toString('hex'),
  }));
  await transaction`
    insert into latchkey.encrypted_keys (key_id, data_key_id, ciphertext)
    select key_id, ${dataKey.id}, decode(ciphertext, 'hex')
    from json_to_recordset(${JSON.stringify(rows)}::text::json)
      as rows (key_id text, ciphertext text)`;
}

/** A new data key, which is in use from now on; the earlier ones still decrypt. */
export async function insertDataKey(
  transaction: Transaction,
  { vault, workspaceId, nowMs }: { vault: Vault; workspaceId: string; nowMs: number },
): Promise<DataKey> {
  const id = newId('dataKey');
  const secret = vault.wrap(newSealingKey(), contextOf({ id, workspaceId }));
  await transaction`
    insert into latchkey.data_keys (id, workspace_id, wrapped, master_key, created_at_ms)
    values (${id}, ${workspaceId}, ${secret.wrapped}, ${secret.masterKey}, ${nowMs})`;
  return { id, workspaceId, ...secret };
}

async function youngestDataKey(
  database: Queryable,
  workspaceId: string,
): Promise<DataKey | undefined> {
  const [dataKey] = await database<DataKey[]>`
    select id, workspace_id as "workspaceId", wrapped, master_key as "masterKey"
    from latchkey.data_keys where workspace_id = ${workspaceId}
    order by created_at_ms desc, id desc limit 1`;
  return dataKey;
}

/** Whether the key can be shown again, by those who have the master key. */
export async function isRecoverable(database: Queryable, keyId: string): Promise<boolean> {
  const found = await database`
    select from latchkey.encrypted_keys where key_id = ${keyId}`;
  return found.count === 1;
}

/** The whole keys by id. One that is not recoverable, or cannot be decrypted, is not there. */
export async function decryptKeys(
  database: Queryable,
  vault: Vault,
  keyIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await database<(DataKey & { keyId: string; ciphertext: Buffer })[]>`
    select e.key_id as "keyId", e.ciphertext, d.id, d.workspace_id as "workspaceId", d.wrapped,
      d.master_key as "masterKey"
    from latchkey.encrypted_keys e join latchkey.data_keys d on d.id = e.data_key_id
    where e.key_id = any(${keyIds as string[]})`;
  const dataKeys = new Map<string, Buffer | undefined>();
  const texts = new Map<string, string>();
  for (const row of rows) {
    if (!dataKeys.has(row.id)) dataKeys.set(row.id, vault.unwrap(row, contextOf(row)));
    const dataKey = dataKeys.get(row.id);
    const text = dataKey && unseal(dataKey, row.ciphertext, `${row.workspaceId}/${row.keyId}`);
    if (text) texts.set(row.keyId, text.toString());
  }
  return texts;
}

/**
 * Seals anew, under the newest master key, what is sealed under an older one: data keys and the
 * peppers of migrations. Afterwards the older master keys can be taken out of the settings, unless
 * `lostCount` secrets need a master key that is not there. Safe to repeat and to interrupt.
 */
export async function rewrapSecrets(
  database: Database,
  vault: Vault,
): Promise<{ rewrappedCount: number; lostCount: number }> {
  let rewrappedCount = 0;
  let lostCount = 0;
  for (const { table, column, masterKeyColumn } of wrappedColumns) {
    const rows = await database<DataKey[]>`
      select id, workspace_id as "workspaceId", ${database(column)} as wrapped,
        ${database(masterKeyColumn)} as "masterKey"
      from ${database(table)} where ${database(masterKeyColumn)} <> ${vault.masterKey}`;
    for (const row of rows) {
      const secret = vault.unwrap(row, contextOf(row));
      if (!secret) {
        lostCount += 1;
        continue;
      }
      const { wrapped, masterKey } = vault.wrap(secret, contextOf(row));
      await database`
        update ${database(table)}
        set ${database(column)} = ${wrapped}, ${database(masterKeyColumn)} = ${masterKey}
        where id = ${row.id}`;
      rewrappedCount += 1;
    }
  }
  return { rewrappedCount, lostCount };
}

const wrappedColumns = [
  { table: 'latchkey.data_keys', column: 'wrapped', masterKeyColumn: 'master_key' },
  { table: 'latchkey.key_migrations', column: 'pepper', masterKeyColumn: 'pepper_master_key' },
] as const;

/** What a wrapped secret belongs to. */
export function contextOf({ id, workspaceId }: { id: string; workspaceId: string }): string {
  return `${workspaceId}/${id}`;
}
