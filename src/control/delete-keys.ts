import type { DeleteKeysBody, DeleteKeysResult } from '../contract/bulk-keys.ts';
import { deletedKeysMax } from '../contract/bulk-keys.ts';
import type { DeleteKeyBody } from '../contract/keys.ts';
import { apiNeed, holds } from '../domain/grants.ts';
import type { Queryable } from '../lib/database.ts';
import { findApi, refuseUnknownApi } from './apis.ts';
import { inChange, type Scope } from './change.ts';
import { findKeys, findPermittedKey, type KeyPlace, keyNeed, refuseUnknownKey } from './keys.ts';
import {
  type Caller,
  type Nothing,
  type Operation,
  refuse,
  refuseForLackOf,
  refuseInput,
} from './operation.ts';

export const deleteKey: Operation<DeleteKeyBody, Nothing> = async (context, caller, body) => {
  const { keyId } = await findPermittedKey(context.database, caller, {
    keyId: body.keyId,
    action: 'delete_key',
  });
  return inChange(context, caller, async (scope) => {
    const deleted = await deleteRows(scope, [keyId], body.permanent);
    return deleted.length === 1 ? {} : refuseUnknownKey();
  });
};

/** By list: all of them, or on an error none. Otherwise as many at a time as one call may. */
export const deleteKeys: Operation<DeleteKeysBody, DeleteKeysResult> = async (
  context,
  caller,
  body,
) => {
  const places = await findWanted(context.database, caller, body);
  const keyIds = places.slice(0, deletedKeysMax).map(({ keyId }) => keyId);
  return inChange(context, caller, async (scope) => {
    const deleted = await deleteRows(scope, keyIds, body.permanent);
    // Somebody else was faster; but of a list each key has to be there.
    if (body.keyIds && deleted.length < keyIds.length) refuseUnknownKey();
    return { deleted: deleted.length, hasMore: places.length > deletedKeysMax };
  });
};

/** One more than a call deletes tells whether there are more. */
async function findWanted(
  database: Queryable,
  caller: Caller,
  { keyIds, externalId, apiId }: DeleteKeysBody,
): Promise<KeyPlace[]> {
  const named = [keyIds, externalId, apiId].filter((one) => one !== undefined);
  if (named.length !== 1) {
    refuseInput('Exactly one of keyIds, externalId and apiId must be given.');
  }
  if (apiId !== undefined) return keysOfApi(database, caller, apiId);
  const places =
    keyIds === undefined
      ? await keysOfIdentity(database, caller, externalId as string)
      : await keysOfList(database, caller, keyIds);
  for (const place of places) {
    const need = keyNeed(place, 'delete_key');
    if (!holds(caller.grants, need)) refuseForLackOf(need);
  }
  return places;
}

async function keysOfList(
  database: Queryable,
  caller: Caller,
  keyIds: readonly string[],
): Promise<KeyPlace[]> {
  const places = await findKeys(database, caller, keyIds);
  const found = new Set(places.map(({ keyId }) => keyId));
  const missing = keyIds.find((keyId) => !found.has(keyId));
  if (missing === undefined) return places;
  refuse('unkey/data/key_not_found', `Key ${missing} does not exist or has been deleted.`);
}

async function keysOfIdentity(
  database: Queryable,
  caller: Caller,
  externalId: string,
): Promise<KeyPlace[]> {
  const [identity] = await database<{ id: string }[]>`
    select id from latchkey.identities
    where workspace_id = ${caller.workspaceId} and external_id = ${externalId}
      and deleted_at_ms is null`;
  if (!identity) {
    refuse('unkey/data/identity_not_found', `Identity '${externalId}' was not found.`);
  }
  const rows = await database<{ id: string }[]>`
    select k.id from latchkey.keys k join latchkey.apis a on a.id = k.api_id
    where k.identity_id = ${identity.id} and k.deleted_at_ms is null
      and a.deleted_at_ms is null
    order by k.id limit ${deletedKeysMax + 1}`;
  return findKeys(
    database,
    caller,
    rows.map(({ id }) => id),
  );
}

/** Who may not delete keys here is not told that there is anything here. */
async function keysOfApi(database: Queryable, caller: Caller, apiId: string): Promise<KeyPlace[]> {
  const api = await findApi(database, caller.workspaceId, apiId);
  if (!api) refuseUnknownApi();
  const urn = `keyspaces/${api.keyspaceId}/keys/*#delete_key`;
  if (!holds(caller.grants, apiNeed(api.id, 'delete_key', urn))) refuseUnknownApi();
  const rows = await database<{ id: string }[]>`
    select id from latchkey.keys where api_id = ${api.id} and deleted_at_ms is null
    order by id limit ${deletedKeysMax + 1}`;
  return findKeys(
    database,
    caller,
    rows.map(({ id }) => id),
  );
}

/** Locked in the order of their ids, so that two calls never wait for each other in a circle. */
async function deleteRows(
  scope: Scope,
  keyIds: readonly string[],
  isPermanent: boolean | undefined,
): Promise<string[]> {
  const { transaction, nowMs } = scope;
  const locked = await transaction<{ id: string }[]>`
    select id from latchkey.keys where id = any(${keyIds as string[]}) and deleted_at_ms is null
    order by id for update`;
  const ids = locked.map(({ id }) => id);
  if (isPermanent) await transaction`delete from latchkey.keys where id = any(${ids})`;
  else {
    await transaction`
      update latchkey.keys set deleted_at_ms = ${nowMs} where id = any(${ids})`;
  }
  for (const id of ids) {
    scope.events.push({
      action: 'key.delete',
      summary: `Deleted key ${id}${isPermanent ? ' for ever' : ''}`,
      resources: [{ type: 'key', id }],
    });
  }
  return ids;
}
