import type { CreateKeyBody, CreateKeyResult } from '../contract/keys.ts';
import { apiNeed, holds } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import { findApi, refuseUnknownApi } from './apis.ts';
import { insertCredits } from './credits.ts';
import { type KeyMaterial, newKeyMaterial } from './key-material.ts';
import {
  ensureIdentity,
  ensurePermissions,
  resolveRoles,
  type Scope,
  setKeyPermissions,
  setKeyRoles,
  setLimits,
} from './links.ts';
import { type Operation, refuse } from './operation.ts';

const byteLengthDefault = 16;

export const createKey: Operation<CreateKeyBody, CreateKeyResult> = async (
  { database, clock },
  caller,
  body,
) => {
  const api = await findApi(database, caller.workspaceId, body.apiId);
  if (!api) refuseUnknownApi();
  // Who may not create keys here is not told that there is anything here.
  const need = apiNeed(api.id, 'create_key', `keyspaces/${api.keyspaceId}#create_key`);
  if (!holds(caller.grants, need)) refuseUnknownApi();
  if (body.recoverable) refuseRecoverable();

  const material = newKeyMaterial(
    body.prefix ?? api.defaultPrefix ?? '',
    body.byteLength ?? api.defaultBytes ?? byteLengthDefault,
  );
  const keyId = newId('key');
  await database.begin(async (transaction) => {
    const scope = { transaction, workspaceId: caller.workspaceId, nowMs: clock() };
    await insertKey(scope, { keyId, apiId: api.id, material, body });
  });
  return { keyId, key: material.key };
};

/** Recoverable keys need a master key to be encrypted with, and there is none. */
function refuseRecoverable(): never {
  refuse(
    'unkey/application/precondition_failed',
    'Recoverable keys are not available: this server has no vault.',
  );
}

type NewKey = { keyId: string; apiId: string; material: KeyMaterial; body: CreateKeyBody };

async function insertKey(scope: Scope, { keyId, apiId, material, body }: NewKey): Promise<void> {
  const { transaction, workspaceId, nowMs } = scope;
  const identityId =
    body.externalId === undefined ? null : await ensureIdentity(scope, body.externalId);
  const roleIds = await resolveRoles(scope, body.roles ?? []);
  const permissionIds = await ensurePermissions(scope, body.permissions ?? []);
  await transaction`
    insert into latchkey.keys (id, workspace_id, api_id, hash, start, name, identity_id, meta,
      enabled, expires_at_ms, created_at_ms)
    values (${keyId}, ${workspaceId}, ${apiId}, ${material.hash}, ${material.start},
      ${body.name ?? null}, ${identityId}, ${body.meta ? JSON.stringify(body.meta) : null},
      ${body.enabled ?? true}, ${body.expires ?? null}, ${nowMs})`;
  await insertCredits(scope, keyId, body.credits);
  if (roleIds.length > 0) await setKeyRoles(scope, keyId, roleIds);
  if (permissionIds.length > 0) await setKeyPermissions(scope, keyId, permissionIds);
  const limits = body.ratelimits ?? [];
  if (limits.length > 0) await setLimits(scope, { column: 'key_id', id: keyId }, limits);
}
