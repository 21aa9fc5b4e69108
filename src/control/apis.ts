import type {
  CreateApiBody,
  CreateApiResult,
  DeleteApiBody,
  GetApiBody,
  GetApiResult,
} from '../contract/apis.ts';
import { apiNeed } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { demand } from './authorize.ts';
import { inChange } from './change.ts';
import { type Nothing, type Operation, refuse } from './operation.ts';

export const createApi: Operation<CreateApiBody, CreateApiResult> = async (
  context,
  caller,
  { name },
) => {
  demand(caller, { all: [{ tuples: ['api.*.create_api'] }] });
  const apiId = newId('api');
  return inChange(context, caller, async ({ transaction, workspaceId, nowMs, events }) => {
    await transaction`
      insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
      values (${apiId}, ${workspaceId}, ${newId('keyspace')}, ${name}, ${nowMs})`;
    events.push({
      action: 'api.create',
      summary: `Created API ${apiId}`,
      resources: [{ type: 'api', id: apiId, name }],
      after: { name },
    });
    return { apiId };
  });
};

export const getApi: Operation<GetApiBody, GetApiResult> = async ({ database }, caller, body) => {
  demand(caller, { all: [apiNeed(body.apiId, 'read_api')] });
  const api = await findApi(database, caller.workspaceId, body.apiId);
  return api ? { id: api.id, name: api.name } : refuseUnknownApi();
};

/** Soft: the rows of its keys stay as they are, and none of them verifies any more. */
export const deleteApi: Operation<DeleteApiBody, Nothing> = async (context, caller, { apiId }) => {
  demand(caller, { all: [apiNeed(apiId, 'delete_api')] });
  return inChange(context, caller, async ({ transaction, workspaceId, nowMs, events }) => {
    const [deleted] = await transaction<{ name: string }[]>`
      update latchkey.apis set deleted_at_ms = ${nowMs}
      where id = ${apiId} and workspace_id = ${workspaceId}
        and deleted_at_ms is null and not delete_protection
      returning name`;
    if (deleted) {
      events.push({
        action: 'api.delete',
        summary: `Deleted API ${apiId}`,
        resources: [{ type: 'api', id: apiId, name: deleted.name }],
      });
      return {};
    }
    if (!(await findApi(transaction, workspaceId, apiId))) refuseUnknownApi();
    refuse('unkey/application/protected_resource', 'This API is protected against deletion.');
  });
};

/** What management needs to know of an API. */
export type ApiRow = {
  id: string;
  name: string;
  keyspaceId: string;
  defaultPrefix: string | null;
  defaultBytes: number | null;
  storesEncryptedKeys: boolean;
  hasKeyChecksum: boolean;
};

/** A live API of this workspace. */
export async function findApi(
  database: Queryable,
  workspaceId: string,
  apiId: string,
): Promise<ApiRow | undefined> {
  const [row] = await database<ApiRow[]>`
    select id, name, keyspace_id as "keyspaceId", default_prefix as "defaultPrefix",
      default_bytes as "defaultBytes", store_encrypted_keys as "storesEncryptedKeys",
      key_checksum as "hasKeyChecksum"
    from latchkey.apis
    where id = ${apiId} and workspace_id = ${workspaceId} and deleted_at_ms is null`;
  return row;
}

/** The same for an API that never was, that was deleted, and that is another workspace's. */
export function refuseUnknownApi(): never {
  refuse('unkey/data/api_not_found', 'The requested API does not exist or has been deleted.');
}
