/** The rate limits of keys and identities. The owner's row is locked while they are replaced. */
import type { Ratelimit, RatelimitRequest } from '../contract/shared.ts';
import type { AuditAction } from '../domain/audit-actions.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import { difference, type Scope } from './change.ts';

export type LimitOwner = { type: 'key' | 'identity'; id: string };
export type OwnedLimits = { owner: LimitOwner; limits: readonly RatelimitRequest[] };

/** Limits of owners that have none yet. Of two with the same name the later wins. */
export async function insertLimits(scope: Scope, owned: readonly OwnedLimits[]): Promise<void> {
  const made = owned.flatMap(({ owner, limits }) =>
    [...byName(limits).values()].map((limit) => ({
      owner,
      limit: { id: newId('ratelimit'), ...fieldsOf(limit) },
    })),
  );
  await insertRows(scope, made);
}

type OwnedLimit = { owner: LimitOwner; limit: Ratelimit };

async function insertRows(scope: Scope, made: readonly OwnedLimit[]): Promise<void> {
  if (made.length === 0) return;
  const rows = made.map(({ owner, limit }) => ({
    ...limit,
    keyId: owner.type === 'key' ? owner.id : null,
    identityId: owner.type === 'identity' ? owner.id : null,
  }));
  await scope.transaction`
    insert into latchkey.ratelimits
      (id, key_id, identity_id, name, limit_count, duration_ms, auto_apply)
    select id, "keyId", "identityId", name, "limit", duration, "autoApply"
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (id text, "keyId" text,
      "identityId" text, name text, "limit" bigint, duration bigint, "autoApply" boolean)`;
  for (const { owner, limit } of made) {
    note(scope, { action: 'ratelimit.create', owner, limit, after: fieldsOf(limit) });
  }
}

/**
 * Makes the owner's limits exactly these. One with the name of an existing limit changes it in
 * place and keeps its id. Returns whether anything had to change.
 */
export async function replaceLimits(
  scope: Scope,
  { owner, limits }: OwnedLimits,
): Promise<boolean> {
  const stored = await readLimits(scope.transaction, owner);
  const wanted = byName(limits);
  const known = new Set(stored.map(({ name }) => name));
  const added = [...wanted.values()].filter(({ name }) => !known.has(name));
  const removed = stored.filter(({ name }) => !wanted.has(name));
  const updated = stored.flatMap((limit) => {
    const next = wanted.get(limit.name);
    const changed = next && difference(fieldsOf(limit), fieldsOf(next));
    return changed ? [{ limit: { ...fieldsOf(next), id: limit.id }, ...changed }] : [];
  });
  await deleteRows(scope, owner, removed);
  if (updated.length > 0)
    await updateRows(
      scope,
      updated.map(({ limit }) => limit),
    );
  for (const change of updated) note(scope, { action: 'ratelimit.update', owner, ...change });
  await insertLimits(scope, [{ owner, limits: added }]);
  return added.length + removed.length + updated.length > 0;
}

export async function readLimits(database: Queryable, owner: LimitOwner): Promise<Ratelimit[]> {
  return database<Ratelimit[]>`
    select id, name, limit_count as "limit", duration_ms as duration, auto_apply as "autoApply"
    from latchkey.ratelimits
    where ${database(owner.type === 'key' ? 'key_id' : 'identity_id')} = ${owner.id}
    order by id`;
}

async function deleteRows(scope: Scope, owner: LimitOwner, limits: readonly Ratelimit[]) {
  if (limits.length === 0) return;
  await scope.transaction`
    delete from latchkey.ratelimits where id = any(${limits.map(({ id }) => id)})`;
  for (const limit of limits) {
    note(scope, { action: 'ratelimit.delete', owner, limit, before: fieldsOf(limit) });
  }
}

async function updateRows({ transaction }: Scope, limits: readonly Ratelimit[]): Promise<void> {
  await transaction`
    update latchkey.ratelimits l
    set limit_count = rows."limit", duration_ms = rows.duration, auto_apply = rows."autoApply"
    from json_to_recordset(${JSON.stringify(limits)}::text::json)
      as rows (id text, "limit" bigint, duration bigint, "autoApply" boolean)
    where l.id = rows.id`;
}

function byName(limits: readonly RatelimitRequest[]): Map<string, RatelimitRequest> {
  return new Map(limits.map((limit) => [limit.name, limit]));
}

/** Without whatever else the request had in it. */
function fieldsOf({ name, limit, duration, autoApply }: RatelimitRequest): RatelimitRequest {
  return { name, limit, duration, autoApply };
}

type LimitChange = OwnedLimit & { action: AuditAction; before?: object; after?: object };

function note(scope: Scope, { action, owner, limit, before, after }: LimitChange): void {
  const verb = { create: 'Created', update: 'Changed', delete: 'Deleted' }[
    action.split('.')[1] ?? ''
  ];
  scope.events.push({
    action,
    summary: `${verb} rate limit ${JSON.stringify(limit.name)} of ${owner.type} ${owner.id}`,
    resources: [{ type: 'ratelimit', id: limit.id, name: limit.name }, owner],
    ...(before && { before }),
    ...(after && { after }),
  });
}
