import type {
  CreateApiBody,
  CreateApiResult,
  DeleteApiBody,
  GetApiBody,
  GetApiResult,
} from '../contract/apis.ts';
import { apiNeed, holds } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { type Operation, refuse, refuseForLackOf } from './operation.ts';

export const createApi: Operation<CreateApiBody, CreateApiResult> = async (
  { database, clock },
  caller,
  body,
) => {
  const need = { tuples: ['api.*.create_api'] };
  if (!holds(caller.grants, need)) refuseForLackOf(need);
  const apiId = newId('api');
  await database`
    insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
    values (${apiId}, ${caller.workspaceId}, ${newId('keyspace')}, ${body.name}, ${clock()})`;
  return { apiId };
};

export const getApi: Operation<GetApiBody, GetApiResult> = async ({ database }, caller, body) => {
  const need = apiNeed(body.apiId, 'read_api');
  if (!holds(caller.grants, need)) refuseForLackOf(need);
  const api = await findApi(database, caller.workspaceId, body.apiId);
  return api ? { id: api.id, name: api.name } : refuseUnknownApi();
};

/** Soft: the rows of its keys stay as they are, and none of them verifies any more. */
export const deleteApi: Operation<DeleteApiBody, Record<never, never>> = async (
  { database, clock },
  caller,
  body,
) => {
  const need = apiNeed(body.apiId, 'delete_api');
  if (!holds(caller.grants, need)) refuseForLackOf(need);
  const deleted = await database`
    update latchkey.apis set deleted_at_ms = ${clock()}
    where id = ${body.apiId} and workspace_id = ${caller.workspaceId}
      and deleted_at_ms is null and not delete_protection`;
  if (deleted.count === 1) return {};
  if (!(await findApi(database, caller.workspaceId, body.apiId))) refuseUnknownApi();
  refuse('unkey/application/protected_resource', 'This API is protected against deletion.');
};

export type ApiRow = {
  id: string;
  name: string;
  keyspaceId: string;
  defaultPrefix: string | null;
  defaultBytes: number | null;
};

/** A live API of this workspace. */
export async function findApi(
  database: Queryable,
  workspaceId: string,
  apiId: string,
): Promise<ApiRow | undefined> {
  const [row] = await database<ApiRow[]>`
    select id, name, keyspace_id as "keyspaceId", default_prefix as "defaultPrefix",
           default_bytes as "defaultBytes"
    from latchkey.apis
    where id = ${apiId} and workspace_id = ${workspaceId} and deleted_at_ms is null`;
  return row;
}

/** The same for an API that never was, that was deleted, and that is another workspace's. */
export function refuseUnknownApi(): never {
  refuse('unkey/data/api_not_found', 'The requested API does not exist or has been deleted.');
}
