import type { CreateKeysBody, CreateKeysResult } from '../contract/bulk-keys.ts';
import { type CreateKeyBody, type CreateKeyResult, keyBytesDefault } from '../contract/keys.ts';
import { apiNeed, holds } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import { type ApiRow, findApi, refuseUnknownApi } from './apis.ts';
import { inChange, type Scope } from './change.ts';
import { checkNewCredits } from './credits.ts';
import { insertEncryptedKeys, requireRecoverableKeys, requireVault } from './encrypted-keys.ts';
import { insertKeys } from './insert-keys.ts';
import { type KeyMaterial, newKeyMaterial } from './key-material.ts';
import type { Caller, ControlContext, Operation } from './operation.ts';
import type { Vault } from './vault.ts';

export const createKey: Operation<CreateKeyBody, CreateKeyResult> = async (
  context,
  caller,
  body,
) => {
  const [key] = await createAll(context, caller, { apiId: body.apiId, keys: [body] });
  return key as CreateKeyResult;
};

/** All of them in one transaction: on an error there is none. */
export const createKeys: Operation<CreateKeysBody, CreateKeysResult> = async (
  context,
  caller,
  body,
) => ({ keys: await createAll(context, caller, body) });

type Wanted = CreateKeysBody['keys'][number];
type MadeKey = KeyMaterial & { keyId: string; settings: Wanted };

async function createAll(
  context: ControlContext,
  caller: Caller,
  { apiId, keys }: CreateKeysBody,
): Promise<CreateKeyResult[]> {
  const api = await findPermittedApi(context, caller, apiId);
  const vault = keys.some(({ recoverable }) => recoverable)
    ? requireEncryption(context, caller, api)
    : undefined;
  for (const { credits } of keys) checkNewCredits(credits);
  const made = keys.map((settings) => ({
    keyId: newId('key'),
    ...newKeyMaterial({
      prefix: settings.prefix ?? api.defaultPrefix ?? '',
      byteLength: settings.byteLength ?? api.defaultBytes ?? keyBytesDefault,
      hasChecksum: api.hasKeyChecksum,
    }),
    settings,
  }));
  await inChange(context, caller, async (scope) => {
    await insertKeys(scope, { apiId: api.id, keys: made });
    if (vault) await encrypt(scope, vault, made);
  });
  return made.map(({ keyId, key }) => ({ keyId, key }));
}

/** Who may not create keys here is not told that there is anything here. */
async function findPermittedApi(
  { database }: ControlContext,
  caller: Caller,
  apiId: string,
): Promise<ApiRow> {
  const api = await findApi(database, caller.workspaceId, apiId);
  if (!api) refuseUnknownApi();
  const need = apiNeed(api.id, 'create_key', `keyspaces/${api.keyspaceId}#create_key`);
  return holds(caller.grants, need) ? api : refuseUnknownApi();
}

function requireEncryption(context: ControlContext, caller: Caller, api: ApiRow): Vault {
  const vault = requireVault(context);
  const urn = `keyspaces/${api.keyspaceId}/keys/*#encrypt_key`;
  if (!holds(caller.grants, apiNeed(api.id, 'encrypt_key', urn))) refuseUnknownApi();
  requireRecoverableKeys(api);
  return vault;
}

async function encrypt(scope: Scope, vault: Vault, made: readonly MadeKey[]): Promise<void> {
  const { transaction, workspaceId, nowMs } = scope;
  const keys = made.filter(({ settings }) => settings.recoverable);
  await insertEncryptedKeys(transaction, { vault, workspaceId, nowMs }, keys);
}
