import type {
  CreateIdentityBody,
  CreateIdentityResult,
  DeleteIdentityBody,
  GetIdentityBody,
  IdentityResult,
  ListIdentitiesBody,
  UpdateIdentityBody,
} from '../contract/identities.ts';
import type { RatelimitRequest } from '../contract/shared.ts';
import { holds, type Need } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { demand, workspaceNeed } from './authorize.ts';
import { difference, inChange } from './change.ts';
import { noteIdentityCreation } from './identity-rows.ts';
import { insertLimits, replaceLimits } from './limit-rows.ts';
import {
  type Nothing,
  type Operation,
  type Page,
  refuse,
  refuseForLackOf,
  refuseInput,
} from './operation.ts';
import { matchesSearch, rowsToRead, toPage } from './page.ts';
import { type IdentityRow, limitsJson, toIdentity } from './read-keys.ts';

const metaBytesMax = 2 ** 20;

/** Of every identity; a right to one of them is asked for by its id. */
function identityNeed(action: string): Need {
  return workspaceNeed(`identity.*.${action}`, `projects/*/identities/*#${action}`);
}

function readNeed(identityId: string): Need {
  return {
    tuples: ['identity.*.read_identity', `identity.${identityId}.read_identity`],
    urn: `projects/*/identities/${identityId}#read_identity`,
  };
}

export const createIdentity: Operation<CreateIdentityBody, CreateIdentityResult> = async (
  context,
  caller,
  { externalId, meta = {}, ratelimits = [] },
) => {
  demand(caller, { all: [identityNeed('create_identity')] });
  const metaText = checkedMeta(meta);
  const id = newId('identity');
  return inChange(context, caller, async (scope) => {
    const { transaction, workspaceId, nowMs } = scope;
    const created = await transaction`
      insert into latchkey.identities (id, workspace_id, external_id, meta, created_at_ms)
      values (${id}, ${workspaceId}, ${externalId}, ${metaText}, ${nowMs})
      on conflict (workspace_id, external_id) where deleted_at_ms is null do nothing`;
    if (created.count === 0) {
      refuse('unkey/data/identity_already_exists', `Identity '${externalId}' already exists.`);
    }
    noteIdentityCreation(scope, id, externalId);
    await insertLimits(scope, [{ owner: { type: 'identity', id }, limits: ratelimits }]);
    return { identityId: id };
  });
};

export const getIdentity: Operation<GetIdentityBody, IdentityResult> = async (
  { database },
  caller,
  { identity },
) => {
  const row = await findIdentity(database, caller.workspaceId, identity);
  if (!row) refuseUnknownIdentity();
  const need = readNeed(row.id);
  return holds(caller.grants, need) ? toIdentity(row) : refuseForLackOf(need);
};

/** Each of the rows has to be one that the caller may read; of none, nothing is asked. */
export const listIdentities: Operation<ListIdentitiesBody, Page<IdentityResult>> = async (
  { database },
  caller,
  body,
) => {
  const rows = await database<IdentityRow[]>`
    select ${identityColumns(database)} from latchkey.identities i
    where i.workspace_id = ${caller.workspaceId} and i.deleted_at_ms is null
      and i.id >= ${body.cursor ?? ''}
      and ${matchesSearch(database, body.search ?? '', ['i.id', 'i.external_id'])}
    order by i.id limit ${rowsToRead(body)}`;
  const page = toPage(rows, body, ({ id }) => id);
  const hidden = page.rows.find(({ id }) => !holds(caller.grants, readNeed(id)));
  if (hidden) refuseForLackOf(identityNeed('read_identity'));
  return { ...page, rows: page.rows.map(toIdentity) };
};

export const updateIdentity: Operation<UpdateIdentityBody, IdentityResult> = async (
  context,
  caller,
  { identity, meta, ratelimits },
) => {
  demand(caller, { all: [identityNeed('update_identity')] });
  if (ratelimits) checkNamesDiffer(ratelimits);
  const metaText = meta && checkedMeta(meta);
  return inChange(context, caller, async (scope) => {
    const { transaction, workspaceId, nowMs, events } = scope;
    const found = await findIdentity(transaction, workspaceId, identity);
    if (!found) refuseUnknownIdentity();
    const { id, externalId } = found;
    const [before] = await transaction<{ meta: string | null }[]>`
      select meta from latchkey.identities where id = ${id} and deleted_at_ms is null for update`;
    if (!before) refuseUnknownIdentity();
    await transaction`
      update latchkey.identities
      set meta = ${metaText ?? before.meta}, updated_at_ms = ${nowMs} where id = ${id}`;
    if (ratelimits) {
      await replaceLimits(scope, { owner: { type: 'identity', id }, limits: ratelimits });
    }
    events.push({
      action: 'identity.update',
      summary: `Changed identity ${id} of ${externalId}`,
      resources: [{ type: 'identity', id, name: externalId }],
      ...(meta && difference({ meta: JSON.parse(before.meta ?? 'null') }, { meta })),
    });
    const row = await findIdentity(transaction, workspaceId, id);
    return toIdentity(row ?? found);
  });
};

/** Soft. Its keys go on without it, and its external id is free for another. */
export const deleteIdentity: Operation<DeleteIdentityBody, Nothing> = async (
  context,
  caller,
  { identity },
) => {
  demand(caller, { all: [identityNeed('delete_identity')] });
  return inChange(context, caller, async ({ transaction, workspaceId, nowMs, events }) => {
    const found = await findIdentity(transaction, workspaceId, identity);
    if (!found) refuseUnknownIdentity();
    const { id, externalId } = found;
    const deleted = await transaction`
      update latchkey.identities set deleted_at_ms = ${nowMs}
      where id = ${id} and deleted_at_ms is null`;
    if (deleted.count === 0) refuseUnknownIdentity();
    events.push({
      action: 'identity.delete',
      summary: `Deleted identity ${id} of ${externalId}`,
      resources: [{ type: 'identity', id, name: externalId }],
    });
    return {};
  });
};

/** The columns of an IdentityRow, of `i`. */
function identityColumns(database: Queryable) {
  const limits = limitsJson(database, 'identity_id', 'i.id');
  return database`i.id, i.external_id as "externalId", i.meta, ${limits} as ratelimits`;
}

/** By id or by external id; what is both is meant as an id. */
async function findIdentity(
  database: Queryable,
  workspaceId: string,
  reference: string,
): Promise<IdentityRow | undefined> {
  const [row] = await database<IdentityRow[]>`
    select ${identityColumns(database)} from latchkey.identities i
    where i.workspace_id = ${workspaceId} and i.deleted_at_ms is null
      and (i.id = ${reference} or i.external_id = ${reference})
    order by i.id = ${reference} desc limit 1`;
  return row;
}

function checkedMeta(meta: Record<string, unknown>): string {
  const text = JSON.stringify(meta);
  if (Buffer.byteLength(text) <= metaBytesMax) return text;
  return refuseInput(`meta is larger than ${metaBytesMax} bytes.`);
}

function checkNamesDiffer(limits: readonly RatelimitRequest[]): void {
  const seen = new Set<string>();
  for (const { name } of limits) {
    if (seen.has(name)) refuseInput(`There are two rate limits named '${name}'.`);
    seen.add(name);
  }
}

function refuseUnknownIdentity(): never {
  refuse('unkey/data/identity_not_found', 'The requested identity does not exist.');
}
