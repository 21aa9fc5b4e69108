/** What the operations on one existing key have in common. */
import { apiNeed, holds, type Need } from '../domain/grants.ts';
import type { Queryable } from '../lib/database.ts';
import type { Scope } from './change.ts';
import { type Caller, refuse, refuseForLackOf } from './operation.ts';

export type KeyPlace = {
  keyId: string;
  apiId: string;
  keyspaceId: string;
  /** Whether its API allows keys to be shown again. */
  storesEncryptedKeys: boolean;
};

/**
 * A live key of a live API of the caller's workspace. What does not exist is refused before what is
 * not allowed: an id says nothing about the key.
 */
export async function findKey(
  database: Queryable,
  caller: Caller,
  keyId: string,
): Promise<KeyPlace> {
  const [place] = await findKeys(database, caller, [keyId]);
  return place ?? refuseUnknownKey();
}

/** Those of these keys that live, by id. */
export async function findKeys(
  database: Queryable,
  caller: Caller,
  keyIds: readonly string[],
): Promise<KeyPlace[]> {
  return database<KeyPlace[]>`
    select k.id as "keyId", a.id as "apiId", a.keyspace_id as "keyspaceId",
      a.store_encrypted_keys as "storesEncryptedKeys"
    from latchkey.keys k join latchkey.apis a on a.id = k.api_id
    where k.id = any(${keyIds as string[]}) and k.workspace_id = ${caller.workspaceId}
      and k.deleted_at_ms is null and a.deleted_at_ms is null
    order by k.id`;
}

export function keyNeed({ keyId, apiId, keyspaceId }: KeyPlace, action: string): Need {
  return apiNeed(apiId, action, keyUrn({ keyId, keyspaceId }, action));
}

export function keyUrn(
  { keyId, keyspaceId }: Pick<KeyPlace, 'keyId' | 'keyspaceId'>,
  action: string,
): string {
  return `keyspaces/${keyspaceId}/keys/${keyId}#${action}`;
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

/** Taken first in a change, so that concurrent changes of one key follow one another. */
export async function lockKey({ transaction }: Scope, keyId: string): Promise<void> {
  const locked = await transaction`
    select from latchkey.keys where id = ${keyId} and deleted_at_ms is null for update`;
  if (locked.count === 0) refuseUnknownKey();
}

export function refuseUnknownKey(): never {
  refuse('unkey/data/key_not_found', 'The requested key does not exist or has been deleted.');
}
