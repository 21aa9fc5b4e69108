/**
 * What a key refers to: its identity, roles, permissions and rate limits. References come in by
 * name and are resolved inside the caller's transaction. Concurrent calls that need the same
 * missing row end with one row: the unique index decides, and names are sorted first so that two
 * calls wait for each other in the same order and never in a circle.
 */
import type { RatelimitRequest } from '../contract/shared.ts';
import { newId } from '../domain/ids.ts';
import type { Transaction } from '../lib/database.ts';
import { refuse } from './operation.ts';

export type Scope = { transaction: Transaction; workspaceId: string; nowMs: number };

/** The id of the live identity with this external id, made if there is none. */
export async function ensureIdentity(scope: Scope, externalId: string): Promise<string> {
  const { transaction, workspaceId, nowMs } = scope;
  const found = () => transaction<{ id: string }[]>`
    select id from latchkey.identities
    where workspace_id = ${workspaceId} and external_id = ${externalId}
      and deleted_at_ms is null`;
  const [existing] = await found();
  if (existing) return existing.id;
  const [made] = await transaction<{ id: string }[]>`
    insert into latchkey.identities (id, workspace_id, external_id, meta, created_at_ms)
    values (${newId('identity')}, ${workspaceId}, ${externalId}, '{}', ${nowMs})
    on conflict (workspace_id, external_id) where deleted_at_ms is null
    do update set external_id = excluded.external_id
    returning id`;
  return (made as { id: string }).id;
}

/** The ids of these roles; one that does not exist refuses the request and names itself. */
export async function resolveRoles(scope: Scope, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const wanted = new Map(names.map((name) => [name.toLowerCase(), name]));
  const rows = await scope.transaction<{ id: string; name: string }[]>`
    select id, lower(name) as name from latchkey.roles
    where workspace_id = ${scope.workspaceId} and lower(name) = any(${[...wanted.keys()]})`;
  for (const row of rows) wanted.delete(row.name);
  const [missing] = wanted.values();
  if (missing !== undefined) {
    refuse('unkey/data/role_not_found', `Role ${JSON.stringify(missing)} was not found.`);
  }
  return rows.map((row) => row.id);
}

/** The ids of these permissions; missing ones are made, with the slug as their name. */
export async function ensurePermissions(scope: Scope, slugs: readonly string[]): Promise<string[]> {
  if (slugs.length === 0) return [];
  const { transaction, workspaceId, nowMs } = scope;
  const wanted = new Map(slugs.map((slug) => [slug.toLowerCase(), slug]));
  const lowered = [...wanted.keys()].sort();
  const found = () => transaction<{ id: string; slug: string }[]>`
    select id, lower(slug) as slug from latchkey.permissions
    where workspace_id = ${workspaceId} and lower(slug) = any(${lowered})`;
  const existing = await found();
  if (existing.length === lowered.length) return existing.map((row) => row.id);
  const known = new Set(existing.map((row) => row.slug));
  const missing = lowered
    .filter((slug) => !known.has(slug))
    .map((slug) => wanted.get(slug) as string)
    .map((slug) => ({ id: newId('permission'), workspace_id: workspaceId, name: slug, slug }));
  await transaction`
    insert into latchkey.permissions ${transaction(
      missing.map((row) => ({ ...row, created_at_ms: nowMs })),
    )} on conflict do nothing`;
  return (await found()).map((row) => row.id);
}

export async function setKeyRoles(scope: Scope, keyId: string, roleIds: string[]): Promise<void> {
  const { transaction } = scope;
  await transaction`
    delete from latchkey.key_roles where key_id = ${keyId} and role_id <> all(${roleIds})`;
  await transaction`
    insert into latchkey.key_roles (key_id, role_id)
    select ${keyId}, unnest(${roleIds}::text[]) on conflict do nothing`;
}

export async function setKeyPermissions(
  scope: Scope,
  keyId: string,
  permissionIds: string[],
): Promise<void> {
  const { transaction } = scope;
  await transaction`
    delete from latchkey.key_permissions
    where key_id = ${keyId} and permission_id <> all(${permissionIds})`;
  await transaction`
    insert into latchkey.key_permissions (key_id, permission_id)
    select ${keyId}, unnest(${permissionIds}::text[]) on conflict do nothing`;
}

type LimitOwner = { column: 'key_id' | 'identity_id'; id: string };

/**
 * Makes the owner's limits exactly these. One with the name of an existing limit changes it in
 * place and keeps its id; of two with the same name the later wins.
 */
export async function setLimits(
  scope: Scope,
  owner: LimitOwner,
  limits: readonly RatelimitRequest[],
): Promise<void> {
  const { transaction } = scope;
  const byName = new Map(limits.map((limit) => [limit.name, limit]));
  await transaction`
    delete from latchkey.ratelimits
    where ${transaction(owner.column)} = ${owner.id} and name <> all(${[...byName.keys()]})`;
  if (byName.size === 0) return;
  const rows = [...byName.values()].map((limit) => ({
    id: newId('ratelimit'),
    [owner.column]: owner.id,
    name: limit.name,
    limit_count: limit.limit,
    duration_ms: limit.duration,
    auto_apply: limit.autoApply,
  }));
  await transaction`
    insert into latchkey.ratelimits ${transaction(rows)}
    on conflict (${transaction(owner.column)}, name) do update set
      limit_count = excluded.limit_count, duration_ms = excluded.duration_ms,
      auto_apply = excluded.auto_apply`;
}
