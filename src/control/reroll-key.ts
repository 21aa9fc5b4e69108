import { type CreateKeyResult, keyBytesDefault, type RerollKeyBody } from '../contract/keys.ts';
import { apiNeed } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import { type ApiRow, findApi } from './apis.ts';
import { demand } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import { copyCredits } from './credits.ts';
import {
  insertEncryptedKeys,
  isRecoverable,
  requireRecoverableKeys,
  requireVault,
} from './encrypted-keys.ts';
import { type KeyMaterial, newKeyMaterial, prefixOf } from './key-material.ts';
import { findKey, lockKey, refuseUnknownKey } from './keys.ts';
import { insertLimits, readLimits } from './limit-rows.ts';
import type { Caller, ControlContext, Operation } from './operation.ts';
import type { Vault } from './vault.ts';

const minuteMs = 60_000;

/** The new key is like the old one; the old one goes on for a while, or not at all. */
export const rerollKey: Operation<RerollKeyBody, CreateKeyResult> = async (
  context,
  caller,
  { keyId, expiration },
) => {
  const { api, vault } = await findPermittedApi(context, caller, keyId);
  await context.settleCredits?.([keyId]);
  return inChange(context, caller, async (scope) => {
    await lockKey(scope, keyId);
    const material = await newMaterial(scope, keyId, api);
    const made = { keyId: newId('key'), key: material.key };
    await copyKey(scope, { from: keyId, to: made.keyId, material });
    if (vault) {
      await insertEncryptedKeys(scope.transaction, { vault, ...scope }, [made]);
    }
    const expires = await expire(scope, keyId, expiration);
    scope.events.push({
      action: 'key.reroll',
      summary: `Rerolled key ${keyId} to ${made.keyId}`,
      resources: [
        { type: 'key', id: keyId },
        { type: 'key', id: made.keyId },
      ],
      after: { start: material.start, expires },
    });
    return made;
  });
};

/** With the vault if the key is recoverable, and so must be the new one. */
async function findPermittedApi(
  context: ControlContext,
  caller: Caller,
  keyId: string,
): Promise<{ api: ApiRow; vault: Vault | undefined }> {
  const { database } = context;
  const place = await findKey(database, caller, keyId);
  const { apiId, keyspaceId } = place;
  demand(caller, { all: [apiNeed(apiId, 'create_key', `keyspaces/${keyspaceId}#create_key`)] });
  const api = (await findApi(database, caller.workspaceId, apiId)) ?? refuseUnknownKey();
  if (!(await isRecoverable(database, keyId))) return { api, vault: undefined };
  const urn = `keyspaces/${keyspaceId}/keys/*#encrypt_key`;
  demand(caller, { all: [apiNeed(apiId, 'encrypt_key', urn)] });
  const vault = requireVault(context);
  requireRecoverableKeys(place);
  return { api, vault };
}

async function newMaterial(
  { transaction }: Scope,
  keyId: string,
  api: ApiRow,
): Promise<KeyMaterial> {
  const [old] = await transaction<{ start: string }[]>`
    select start from latchkey.keys where id = ${keyId}`;
  return newKeyMaterial({
    prefix: prefixOf(old?.start ?? '') || (api.defaultPrefix ?? ''),
    byteLength: api.defaultBytes ?? keyBytesDefault,
    hasChecksum: api.hasKeyChecksum,
  });
}

type Copy = { from: string; to: string; material: KeyMaterial };

async function copyKey(scope: Scope, { from, to, material }: Copy): Promise<void> {
  const { transaction, nowMs } = scope;
  await transaction`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, name, identity_id, meta,
      enabled, expires_at_ms, created_at_ms)
    select ${to}, workspace_id, api_id, ${material.hash}, ${material.start}, name, identity_id,
      meta, enabled, expires_at_ms, ${nowMs}
    from latchkey.keys where id = ${from}`;
  await copyCredits(transaction, { from, to });
  await transaction`
    insert into latchkey.key_permissions (key_id, permission_id)
    select ${to}, permission_id from latchkey.key_permissions where key_id = ${from}`;
  await transaction`
    insert into latchkey.key_roles (key_id, role_id)
    select ${to}, role_id from latchkey.key_roles where key_id = ${from}`;
  const limits = await readLimits(transaction, { type: 'key', id: from });
  await insertLimits(scope, [{ owner: { type: 'key', id: to }, limits }]);
}

/**
 * At once means before this instant: a key is good up to and including its expiry. A grace period
 * ends with a full minute.
 */
async function expire(
  { transaction, nowMs }: Scope,
  keyId: string,
  expirationMs: number,
): Promise<number> {
  const expiresAtMs =
    expirationMs === 0 ? nowMs - 1 : Math.ceil((nowMs + expirationMs) / minuteMs) * minuteMs;
  await transaction`
    update latchkey.keys set expires_at_ms = ${expiresAtMs}, updated_at_ms = ${nowMs}
    where id = ${keyId}`;
  return expiresAtMs;
}
