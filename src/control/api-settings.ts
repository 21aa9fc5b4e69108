/** The settings of APIs, which only administrators change. */
import type {
  ApiSettingsResult,
  GetApiSettingsBody,
  ListApisBody,
  UpdateApiBody,
} from '../contract/admin-apis.ts';
import type { Queryable } from '../lib/database.ts';
import { parseAddressList } from '../verify/address-list.ts';
import { refuseUnknownApi } from './apis.ts';
import { demand, requireAdmin } from './authorize.ts';
import { difference, inChange, type Scope } from './change.ts';
import { type Operation, type Page, refuseInput } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';

export const listApis: Operation<ListApisBody, Page<ApiSettingsResult>> = async (
  { database },
  caller,
  body,
) => {
  demand(caller, { all: [{ tuples: ['api.*.read_api'] }] });
  const rows = await database<SettingsRow[]>`
    select ${settingsColumns(database)} from latchkey.apis
    where workspace_id = ${caller.workspaceId} and deleted_at_ms is null
      and id >= ${body.cursor ?? ''}
    order by id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toResult), body, ({ id }) => id);
};

export const getApiSettings: Operation<GetApiSettingsBody, ApiSettingsResult> = async (
  { database },
  caller,
  { apiId, ...body },
) => {
  const workspaceId = requireAdmin(caller, 'read_api', body.workspaceId);
  return toResult(await requireSettings(database, workspaceId, apiId));
};

export const updateApi: Operation<UpdateApiBody, ApiSettingsResult> = async (
  context,
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'update_api', body.workspaceId);
  const { apiId } = body;
  if (body.allowedAddresses) checkAddresses(body.allowedAddresses);
  const work = async ({ transaction, nowMs, events }: Scope) => {
    const before = await requireSettings(transaction, workspaceId, apiId, 'locked');
    const after = changed(before, body);
    await transaction`
      update latchkey.apis set name = ${after.name}, allowed_addresses = ${after.allowedAddresses},
        delete_protection = ${after.deleteProtection},
        store_encrypted_keys = ${after.recoverableKeys}, key_checksum = ${after.keyChecksum},
        default_prefix = ${after.defaultPrefix}, default_bytes = ${after.defaultBytes},
        updated_at_ms = ${nowMs}
      where id = ${apiId}`;
    events.push({
      action: 'api.update',
      summary: `Changed API ${apiId}`,
      resources: [{ type: 'api', id: apiId, name: after.name }],
      ...difference(before, after),
    });
    return toResult(after);
  };
  return inChange(context, caller, work, workspaceId);
};

/** As it is stored: the addresses in one text with commas. */
type SettingsRow = Omit<
  ApiSettingsResult,
  'allowedAddresses' | 'defaultPrefix' | 'defaultBytes'
> & {
  allowedAddresses: string;
  defaultPrefix: string | null;
  defaultBytes: number | null;
};

function settingsColumns(database: Queryable) {
  return database`id, keyspace_id as "keyspaceId", name, allowed_addresses as "allowedAddresses",
    delete_protection as "deleteProtection", store_encrypted_keys as "recoverableKeys",
    key_checksum as "keyChecksum", default_prefix as "defaultPrefix",
    default_bytes as "defaultBytes", created_at_ms as "createdAt"`;
}

async function requireSettings(
  database: Queryable,
  workspaceId: string,
  apiId: string,
  lock?: 'locked',
): Promise<SettingsRow> {
  const [row] = await database<SettingsRow[]>`
    select ${settingsColumns(database)} from latchkey.apis
    where id = ${apiId} and workspace_id = ${workspaceId} and deleted_at_ms is null
    ${lock ? database`for update` : database``}`;
  return row ?? refuseUnknownApi();
}

/** null clears, what is absent stays. */
function changed(before: SettingsRow, body: UpdateApiBody): SettingsRow {
  const { defaultPrefix = before.defaultPrefix, defaultBytes = before.defaultBytes } = body;
  return {
    ...before,
    name: body.name ?? before.name,
    allowedAddresses: body.allowedAddresses?.join(',') ?? before.allowedAddresses,
    deleteProtection: body.deleteProtection ?? before.deleteProtection,
    recoverableKeys: body.recoverableKeys ?? before.recoverableKeys,
    keyChecksum: body.keyChecksum ?? before.keyChecksum,
    defaultPrefix,
    defaultBytes,
  };
}

function toResult(row: SettingsRow): ApiSettingsResult {
  const { allowedAddresses, defaultPrefix, defaultBytes, ...settings } = row;
  return {
    ...settings,
    allowedAddresses: allowedAddresses === '' ? [] : allowedAddresses.split(','),
    ...(defaultPrefix !== null && { defaultPrefix }),
    ...(defaultBytes !== null && { defaultBytes }),
  };
}

/** Each by itself, so that an entry with a comma in it is not taken for two. */
function checkAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    const parsed = parseAddressList(address);
    if (!parsed.ok) refuseInput(`allowedAddresses: ${parsed.problem}.`);
    if (parsed.list.entryCount !== 1) {
      refuseInput(`allowedAddresses: '${address}' is not one address or range.`);
    }
  }
}
