import type { GetKeyBody, KeyResult } from '../contract/keys.ts';
import type { KeyCredits, Ratelimit } from '../contract/shared.ts';
import type { Queryable } from '../lib/database.ts';
import { findPermittedKey, refuseUnknownKey } from './keys.ts';
import { type Operation, refuse } from './operation.ts';

export const getKey: Operation<GetKeyBody, KeyResult> = async ({ database }, caller, body) => {
  const place = await findPermittedKey(database, caller, {
    keyId: body.keyId,
    action: 'read_key',
  });
  if (body.decrypt) {
    refuse(
      'unkey/application/precondition_failed',
      'Keys cannot be decrypted: this server has no vault.',
    );
  }
  const [row] = await readKeys(database, [place.keyId]);
  return row ?? refuseUnknownKey();
};

type IdentityRow = { id: string; externalId: string; meta: string | null; ratelimits: Ratelimit[] };

type KeyRow = {
  keyId: string;
  start: string;
  enabled: boolean;
  createdAt: number;
  updatedAt: number | null;
  name: string | null;
  meta: string | null;
  expires: number | null;
  remaining: number | null;
  refillAmount: number | null;
  refillDay: number | null;
  permissions: string[];
  roles: string[];
  ratelimits: Ratelimit[];
  identity: IdentityRow | null;
};

/** These keys as the API shows them, by id. The caller has checked that they may be shown. */
export async function readKeys(database: Queryable, keyIds: string[]): Promise<KeyResult[]> {
  const rows = await database<KeyRow[]>`
    select k.id as "keyId", k.start, k.enabled, k.created_at_ms as "createdAt",
      k.updated_at_ms as "updatedAt", k.name, k.meta, k.expires_at_ms as "expires",
      c.remaining, c.refill_amount as "refillAmount", c.refill_day as "refillDay",
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
    left join latchkey.key_credits c on c.key_id = k.id
    left join latchkey.identities i on i.id = k.identity_id and i.deleted_at_ms is null
    where k.id = any(${keyIds}) and k.deleted_at_ms is null
    order by k.id collate "C"`;
  return rows.map(toKeyResult);
}

function limitsJson(database: Queryable, column: string, owner: string) {
  return database.unsafe(`(
    select coalesce(json_agg(json_build_object('id', l.id, 'name', l.name,
      'limit', l.limit_count, 'duration', l.duration_ms, 'autoApply', l.auto_apply)
      order by l.id), '[]'::json)
    from latchkey.ratelimits l where l.${column} = ${owner})`);
}

/** Whatever is unset or empty is left out: the contract's answers never carry null. */
function toKeyResult(row: KeyRow): KeyResult {
  return {
    keyId: row.keyId,
    start: row.start,
    enabled: row.enabled,
    createdAt: row.createdAt,
    ...(row.updatedAt !== null && { updatedAt: row.updatedAt }),
    ...(row.name !== null && { name: row.name }),
    ...metaOf(row.meta),
    ...(row.expires !== null && { expires: row.expires }),
    ...(row.permissions.length > 0 && { permissions: row.permissions }),
    ...(row.roles.length > 0 && { roles: row.roles }),
    ...creditsOf(row),
    ...(row.identity !== null && { identity: toIdentity(row.identity) }),
    ...(row.ratelimits.length > 0 && { ratelimits: row.ratelimits }),
  };
}

function toIdentity({ id, externalId, meta, ratelimits }: IdentityRow) {
  return { id, externalId, ...metaOf(meta), ...(ratelimits.length > 0 && { ratelimits }) };
}

export function metaOf(text: string | null): { meta?: Record<string, unknown> } {
  return text === null || text === '{}' ? {} : { meta: JSON.parse(text) };
}

type CreditsRow = Pick<KeyRow, 'remaining' | 'refillAmount' | 'refillDay'>;

function creditsOf({ remaining, refillAmount, refillDay }: CreditsRow): {
  credits?: KeyCredits;
} {
  if (remaining === null) return {};
  if (refillAmount === null) return { credits: { remaining } };
  const interval = refillDay === null ? 'daily' : 'monthly';
  const refill = { interval, amount: refillAmount } as const;
  return {
    credits: { remaining, refill: refillDay === null ? refill : { ...refill, refillDay } },
  };
}
