/** Overrides: other limits for some identifiers of a namespace. None of these makes a namespace. */
import {
  type DeleteOverrideBody,
  type GetOverrideBody,
  type ListOverridesBody,
  type OverrideResult,
  overridePageLimitDefault,
  type SetOverrideBody,
  type SetOverrideResult,
} from '../contract/ratelimit.ts';
import { holds, type Need } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import type { OverrideConfig } from '../domain/records.ts';
import type { Queryable } from '../lib/database.ts';
import { compileOverrides } from '../limits/override-table.ts';
import { demand } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import { type Nothing, type Operation, type Page, refuse } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';
import { findNamespace, type NamespaceRow } from './ratelimit-namespaces.ts';

/** One for each identifier: setting it again changes it and keeps its id. */
export const setOverride: Operation<SetOverrideBody, SetOverrideResult> = async (
  context,
  caller,
  { namespace: nameOrId, identifier, limit, duration },
) => {
  const namespace = await findNamespace(context.database, caller, nameOrId);
  demand(caller, { all: [namespaceNeed(namespace, 'set_override')] });
  return inChange(context, caller, async (scope) => {
    const { transaction, nowMs, events } = scope;
    const before = await lockOverride(scope, namespace, identifier);
    const [row] = await transaction<{ overrideId: string }[]>`
      insert into latchkey.ratelimit_overrides
        (id, namespace_id, identifier, limit_count, duration_ms, created_at_ms)
      values (${newId('override')}, ${namespace.id}, ${identifier}, ${limit}, ${duration}, ${nowMs})
      on conflict (namespace_id, identifier) do update set limit_count = excluded.limit_count,
        duration_ms = excluded.duration_ms, updated_at_ms = ${nowMs}
      returning id as "overrideId"`;
    const { overrideId } = row as { overrideId: string };
    events.push({
      action: 'ratelimit.set_override',
      summary: `Set rate-limit override ${overrideId} in namespace ${namespace.id}`,
      resources: resourcesOf(namespace, { overrideId, identifier }),
      ...(before && { before: { limit: before.limit, duration: before.durationMs } }),
      after: { limit, duration },
    });
    return { overrideId };
  });
};

/** Who may not read it is not told that it is there. */
export const getOverride: Operation<GetOverrideBody, OverrideResult> = async (
  { database },
  caller,
  { namespace: nameOrId, identifier },
) => {
  const namespace = await findNamespace(database, caller, nameOrId);
  const candidates = await database<OverrideConfig[]>`
    select ${columnsOf(database)} from latchkey.ratelimit_overrides
    where namespace_id = ${namespace.id}
      and (identifier = ${identifier} or strpos(identifier, '*') > 0)`;
  const found = compileOverrides(candidates).find(identifier);
  if (!found) refuseUnknownOverride();
  const urn = `ratelimits/namespaces/${namespace.id}/overrides/${found.overrideId}#read_override`;
  const need = { ...namespaceNeed(namespace, 'read_override'), urn };
  return holds(caller.grants, need) ? toResult(found) : refuseUnknownOverride();
};

export const listOverrides: Operation<ListOverridesBody, Page<OverrideResult>> = async (
  { database },
  caller,
  { namespace: nameOrId, limit = overridePageLimitDefault, cursor = '' },
) => {
  const namespace = await findNamespace(database, caller, nameOrId);
  demand(caller, { all: [namespaceNeed(namespace, 'read_override')] });
  const rows = await database<OverrideConfig[]>`
    select ${columnsOf(database)} from latchkey.ratelimit_overrides
    where namespace_id = ${namespace.id} and id >= ${cursor}
    order by id limit ${rowsToRead({ limit })}`;
  return toPage(rows.map(toResult), { limit }, ({ overrideId }) => overrideId);
};

/** By exactly the identifier with which it was set: a pattern by its own text. */
export const deleteOverride: Operation<DeleteOverrideBody, Nothing> = async (
  context,
  caller,
  { namespace: nameOrId, identifier },
) => {
  const namespace = await findNamespace(context.database, caller, nameOrId);
  demand(caller, { all: [namespaceNeed(namespace, 'delete_override')] });
  return inChange(context, caller, async ({ transaction, events }) => {
    const [deleted] = await transaction<OverrideConfig[]>`
      delete from latchkey.ratelimit_overrides
      where namespace_id = ${namespace.id} and identifier = ${identifier}
      returning ${columnsOf(transaction)}`;
    if (!deleted) refuseUnknownOverride();
    events.push({
      action: 'ratelimit.delete_override',
      summary: `Deleted rate-limit override ${deleted.overrideId} of namespace ${namespace.id}`,
      resources: resourcesOf(namespace, deleted),
      before: { limit: deleted.limit, duration: deleted.durationMs },
    });
    return {};
  });
};

/** `ratelimit.*.<action>` or `ratelimit.<namespaceId>.<action>`. */
function namespaceNeed({ id }: NamespaceRow, action: string): Need {
  return { tuples: [`ratelimit.*.${action}`, `ratelimit.${id}.${action}`] };
}

async function lockOverride(
  { transaction }: Scope,
  namespace: NamespaceRow,
  identifier: string,
): Promise<OverrideConfig | undefined> {
  const [row] = await transaction<OverrideConfig[]>`
    select ${columnsOf(transaction)} from latchkey.ratelimit_overrides
    where namespace_id = ${namespace.id} and identifier = ${identifier} for update`;
  return row;
}

/** Under the names of the record's fields. */
function columnsOf(database: Queryable) {
  return database`
    id as "overrideId", identifier, limit_count as "limit", duration_ms as "durationMs"`;
}

function toResult({ overrideId, identifier, limit, durationMs }: OverrideConfig): OverrideResult {
  return { overrideId, identifier, limit, duration: durationMs };
}

type Overridden = Pick<OverrideConfig, 'overrideId' | 'identifier'>;

function resourcesOf(namespace: NamespaceRow, { overrideId, identifier }: Overridden) {
  return [
    { type: 'ratelimitNamespace' as const, id: namespace.id, name: namespace.name },
    { type: 'ratelimitOverride' as const, id: overrideId, name: identifier },
  ];
}

function refuseUnknownOverride(): never {
  refuse(
    'unkey/data/ratelimit_override_not_found',
    'The requested rate-limit override does not exist.',
  );
}
