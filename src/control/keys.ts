/** What the operations on one existing key have in common, and the smallest of them. */
import type { DeleteKeyBody } from '../contract/keys.ts';
import { apiNeed, holds, type Need } from '../domain/grants.ts';
import type { Queryable } from '../lib/database.ts';
import { type Caller, type Operation, refuse, refuseForLackOf } from './operation.ts';

export type KeyPlace = { keyId: string; apiId: string; keyspaceId: string };

/**
 * A live key of a live API of the caller's workspace. What does not exist is refused before what is
 * not allowed: an id says nothing about the key.
 */
export async function findKey(
  database: Queryable,
  caller: Caller,
  keyId: string,
): Promise<KeyPlace> {
  const [row] = await database<KeyPlace[]>`
    select k.id as "keyId", a.id as "apiId", a.keyspace_id as "keyspaceId"
    from latchkey.keys k join latchkey.apis a on a.id = k.api_id
    where k.id = ${keyId} and k.workspace_id = ${caller.workspaceId}
      and k.deleted_at_ms is null and a.deleted_at_ms is null`;
  return row ?? refuseUnknownKey();
}

export function keyNeed({ keyId, apiId, keyspaceId }: KeyPlace, action: string): Need {
  return apiNeed(apiId, action, `keyspaces/${keyspaceId}/keys/${keyId}#${action}`);
}

/** Finds the key and makes sure that the caller may do this to it. */
export async function findPermittedKey(
  database: Queryable,
  caller: Caller,
  { keyId, action }: { keyId: string; action: string },
): Promise<KeyPlace> {
  const place = await findKey(database, caller, keyId);
  const need = keyNeed(place, action);
  if (!holds(caller.grants, need)) refuseForLackOf(need);
  return place;
}

export function refuseUnknownKey(): never {
  refuse('unkey/data/key_not_found', 'The requested key does not exist or has been deleted.');
}

export const deleteKey: Operation<DeleteKeyBody, Record<never, never>> = async (
  { database, clock },
  caller,
  body,
) => {
  const { keyId } = await findPermittedKey(database, caller, {
    keyId: body.keyId,
    action: 'delete_key',
  });
  const deleted = body.permanent
    ? await database`
        delete from latchkey.keys where id = ${keyId} and deleted_at_ms is null`
    : await database`
        update latchkey.keys set deleted_at_ms = ${clock()}
        where id = ${keyId} and deleted_at_ms is null`;
  return deleted.count === 1 ? {} : refuseUnknownKey();
};
