import type { ListKeysBody } from '../contract/apis.ts';
import type { KeyResult } from '../contract/keys.ts';
import { apiNeed } from '../domain/grants.ts';
import type { Queryable } from '../lib/database.ts';
import { type ApiRow, findApi, refuseUnknownApi } from './apis.ts';
import { demand, firstLack } from './authorize.ts';
import { decryptKeys, requireRecoverableKeys, requireVault } from './encrypted-keys.ts';
import type { Caller, ControlContext, Operation, Page } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';
import { readKeys } from './read-keys.ts';
import type { Vault } from './vault.ts';

export const listKeys: Operation<ListKeysBody, Page<KeyResult>> = async (context, caller, body) => {
  const { database } = context;
  const api = await findApi(database, caller.workspaceId, body.apiId);
  // Who may not read the keys is not told that there is an API.
  if (!api || !mayRead(caller, api)) refuseUnknownApi();
  const vault = body.decrypt ? requireDecryption(context, caller, api) : undefined;
  const keyIds = await readKeyIds(database, api, body);
  const { rows, nextCursor } = toPage(keyIds, body, ({ id }) => id);
  const ids = rows.map(({ id }) => id);
  await context.settleCredits?.(ids);
  const keys = await readKeys(database, ids);
  return { rows: vault ? await withPlaintext(database, vault, keys) : keys, nextCursor };
};

/** Both tuples, or both URNs. */
function mayRead({ grants }: Caller, { id, keyspaceId }: ApiRow): boolean {
  const tuples = [apiNeed(id, 'read_key'), apiNeed(id, 'read_api')];
  const urns = [
    { tuples: [], urn: `keyspaces/${keyspaceId}/keys/*#read_key` },
    { tuples: [], urn: `keyspaces/${keyspaceId}#read_keyspace` },
  ];
  return !firstLack(grants, { all: tuples }) || !firstLack(grants, { all: urns });
}

function requireDecryption(context: ControlContext, caller: Caller, api: ApiRow): Vault {
  const vault = requireVault(context);
  const urn = `keyspaces/${api.keyspaceId}/keys/*#decrypt_key`;
  demand(caller, { all: [apiNeed(api.id, 'decrypt_key', urn)] });
  requireRecoverableKeys(api);
  return vault;
}

/** Disabled and expired keys too; an identity that does not exist has none. */
function readKeyIds(database: Queryable, api: ApiRow, body: ListKeysBody) {
  const ofIdentity =
    body.externalId === undefined
      ? database`true`
      : database`k.identity_id = (
          select i.id from latchkey.identities i join latchkey.apis a
            on a.workspace_id = i.workspace_id and a.id = ${api.id}
          where i.external_id = ${body.externalId} and i.deleted_at_ms is null)`;
  return database<{ id: string }[]>`
    select k.id from latchkey.keys k
    where k.api_id = ${api.id} and k.deleted_at_ms is null
      and k.id >= ${body.cursor ?? ''} and ${ofIdentity}
    order by k.id limit ${rowsToRead(body)}`;
}

async function withPlaintext(
  database: Queryable,
  vault: Vault,
  keys: readonly KeyResult[],
): Promise<KeyResult[]> {
  const texts = await decryptKeys(
    database,
    vault,
    keys.map(({ keyId }) => keyId),
  );
  return keys.map((key) => {
    const plaintext = texts.get(key.keyId);
    return plaintext === undefined ? key : { ...key, plaintext };
  });
}
