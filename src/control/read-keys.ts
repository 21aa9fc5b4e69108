/** Keys as the API shows them. */
import type { IdentityResult } from '../contract/identities.ts';
import type { KeyResult } from '../contract/keys.ts';
import type { KeyCredits, Ratelimit } from '../contract/shared.ts';
import type { Queryable } from '../lib/database.ts';
import { readCredits } from './credits.ts';

export type IdentityRow = {
  id: string;
  externalId: string;
  meta: string | null;
  ratelimits: Ratelimit[];
};

type KeyRow = {
  keyId: string;
  start: string;
  enabled: boolean;
  createdAt: number;
  updatedAt: number | null;
  lastUsedAt: number | null;
  name: string | null;
  meta: string | null;
  expires: number | null;
  permissions: string[];
  roles: string[];
  ratelimits: Ratelimit[];
  identity: IdentityRow | null;
};

/** These keys, by id. The caller has made sure that they may be shown. */
export async function readKeys(
  database: Queryable,
  keyIds: readonly string[],
): Promise<KeyResult[]> {
  const rows = await database<KeyRow[]>`
    select k.id as "keyId", k.start, k.enabled, k.created_at_ms as "createdAt",
      greatest(k.updated_at_ms, (select c.refilled_at_ms
        from latchkey.key_credits c where c.key_id = k.id)) as "updatedAt",
      (select u.last_used_at_ms
        from latchkey.key_last_used u where u.key_id = k.id) as "lastUsedAt",
      k.name, k.meta, k.expires_at_ms as "expires",
      array(
        select p.slug from latchkey.key_permissions kp
        join latchkey.permissions p on p.id = kp.permission_id where kp.key_id = k.id
        union
        select p.slug from latchkey.key_roles kr
        join latchkey.roles r on r.id = kr.role_id
        join latchkey.role_permissions rp on rp.role_id = r.id
        join latchkey.permissions p on p.id = rp.permission_id where kr.key_id = k.id
        order by 1) as permissions,
      array(
        select r.name from latchkey.key_roles kr
        join latchkey.roles r on r.id = kr.role_id where kr.key_id = k.id order by 1) as roles,
      ${limitsJson(database, 'key_id', 'k.id')} as ratelimits,
      case when i.id is not null then json_build_object('id', i.id,
        'externalId', i.external_id, 'meta', i.meta,
        'ratelimits', ${limitsJson(database, 'identity_id', 'i.id')}) end as identity
    from latchkey.keys k
    left join latchkey.identities i on i.id = k.identity_id and i.deleted_at_ms is null
    where k.id = any(${keyIds as string[]}) and k.deleted_at_ms is null
    order by k.id`;
  const credits = await readCredits(database, keyIds);
  return rows.map((row) => toKeyResult(row, credits.get(row.keyId)));
}

/** A JSON list of the limits whose `column` is `owner`, both of them written by us. */
export function limitsJson(database: Queryable, column: string, owner: string) {
  return database.unsafe(`(
    select coalesce(json_agg(json_build_object('id', l.id, 'name', l.name,
      'limit', l.limit_count, 'duration', l.duration_ms, 'autoApply', l.auto_apply)
      order by l.id), '[]'::json)
    from latchkey.ratelimits l where l.${column} = ${owner})`);
}

/** Whatever is unset or empty is left out: the contract's answers never carry null. */
function toKeyResult(row: KeyRow, credits: KeyCredits | undefined): KeyResult {
  return {
    keyId: row.keyId,
    start: row.start,
    enabled: row.enabled,
    createdAt: row.createdAt,
    ...(row.updatedAt !== null && { updatedAt: row.updatedAt }),
    ...(row.lastUsedAt !== null && { lastUsedAt: row.lastUsedAt }),
    ...(row.name !== null && { name: row.name }),
    ...metaOf(row.meta),
    ...(row.expires !== null && { expires: row.expires }),
    ...(row.permissions.length > 0 && { permissions: row.permissions }),
    ...(row.roles.length > 0 && { roles: row.roles }),
    ...(credits && { credits }),
    ...(row.identity !== null && { identity: toIdentity(row.identity) }),
    ...(row.ratelimits.length > 0 && { ratelimits: row.ratelimits }),
  };
}

export function toIdentity(row: IdentityRow): IdentityResult {
  const { id, externalId, meta, ratelimits } = row;
  return { id, externalId, ...metaOf(meta), ...(ratelimits.length > 0 && { ratelimits }) };
}

function metaOf(text: string | null): { meta?: Record<string, unknown> } {
  return text === null || text === '{}' ? {} : { meta: JSON.parse(text) };
}
