/**
 * The statements that read documents from Postgres, of some ids or of everything; those that read
 * all keys and identities are in `select-everything.ts`. The columns carry the names of the
 * record's fields.
 */
import type { EntityKind } from '../domain/records.ts';

/** An empty object says as much as no object: both are left out of answers. */
const meta = `coalesce(nullif(e.meta, '{}'), '')`;

/** 0 stands for never, so whoever expired at the epoch has done so a millisecond later. */
const expiry =
  'case when e.expires_at_ms is null then 0::bigint else greatest(e.expires_at_ms, 1) end';

/** In the order of `KeyRow`. */
const keyRowColumns = [
  ...['e.hash', 'e.hash_kind::int', 'e.deleted_at_ms is not null', 'e.enabled', expiry],
  ...['e.id', 'e.workspace_id', 'e.api_id', `coalesce(e.identity_id, '')`],
  ...[`coalesce(e.migration_id, '')`, `coalesce(e.name, '')`, meta],
].join(', ');

/** In the order of `KeyLinks`. */
const keyLinkColumns = [
  ...['c.key_id is not null', `coalesce(p.ids, '')`, `coalesce(r.ids, '')`],
  `coalesce(l.lines, '')`,
].join(', ');

/** In the order of `IdentityRow`. */
const identityColumns = `e.id, e.workspace_id, e.external_id, coalesce(l.lines, ''), ${meta}`;

/** A line for each limit, see `toLimits`; made as JSON by the server it took five times as long. */
const limitsOf = (owner: string) => `
  left join (
    select ${owner}, string_agg(concat_ws(' ', id, limit_count, duration_ms, auto_apply,
      replace(replace(name, '\\', '\\\\'), chr(10), '\\n')), chr(10) order by name) as lines
    from latchkey.ratelimits where ${owner} = any($1) group by ${owner}
  ) l on l.${owner} = e.id`;

const linksOf = (alias: string, table: string, link: string) => `
  left join (
    select key_id, string_agg(${link}, ',' order by ${link}) as ids
    from latchkey.${table} where key_id = any($1) group by key_id
  ) ${alias} on ${alias}.key_id = e.id`;

/** Keys of ids, deleted ones too: with the hash that they had. */
export const someKeys = `
  select ${keyRowColumns}, ${keyLinkColumns} from latchkey.keys e
  left join (select key_id from latchkey.key_credits where key_id = any($1)) c on c.key_id = e.id
  ${linksOf('p', 'key_permissions', 'permission_id')}
  ${linksOf('r', 'key_roles', 'role_id')}
  ${limitsOf('key_id')}
  where e.id = any($1)`;

/** No more than their own rows. */
export const someKeyRows = `select ${keyRowColumns} from latchkey.keys e where e.id = any($1)`;

export const someIdentities = `
  select ${identityColumns} from latchkey.identities e ${limitsOf('identity_id')}
  where e.deleted_at_ms is null and e.id = any($1)`;

export type OtherKind = Exclude<EntityKind, 'key' | 'identity'>;

/** `e` is the entity's own row; a deleted one is not selected, but for a namespace. */
const selects = {
  workspace: `select e.id, e.id as "workspaceId", e.enabled as "isEnabled",
      e.requests_per_minute_max as "requestsPerMinuteMax",
      exists (select from latchkey.key_migrations m where m.workspace_id = e.id) as "hasImports"
    from latchkey.workspaces e where e.deleted_at_ms is null`,

  api: `select e.id, e.id as "apiId", e.workspace_id as "workspaceId",
      e.keyspace_id as "keyspaceId", e.name, e.allowed_addresses as "allowedAddresses"
    from latchkey.apis e where e.deleted_at_ms is null`,

  migration: `select e.id, e.id as "migrationId", e.workspace_id as "workspaceId",
      e.hash_kind as "hashKind", coalesce(encode(e.pepper, 'base64'), '') as pepper,
      coalesce(e.pepper_master_key, '') as "pepperMasterKey"
    from latchkey.key_migrations e where true`,

  permission: `select e.id, e.id as "permissionId", e.workspace_id as "workspaceId", e.slug
    from latchkey.permissions e where true`,

  role: `select e.id, e.id as "roleId", e.workspace_id as "workspaceId", e.name,
      array(select p.permission_id from latchkey.role_permissions p
        where p.role_id = e.id order by 1) as "permissionIds"
    from latchkey.roles e where true`,

  rootKey: `select e.id, e.id as "rootKeyId", e.workspace_id as "workspaceId", e.hash,
      e.permissions, e.enabled as "isEnabled", ${expiry} as "expiresAtMs"
    from latchkey.root_keys e where e.deleted_at_ms is null`,

  namespace: `select e.id, e.id as "namespaceId", e.workspace_id as "workspaceId", e.name,
      e.deleted_at_ms is not null as "isDeleted", (
        select coalesce(json_agg(json_build_object('overrideId', o.id,
          'identifier', o.identifier, 'limit', o.limit_count, 'durationMs', o.duration_ms
          ) order by o.id), '[]'::json)
        from latchkey.ratelimit_overrides o where o.namespace_id = e.id) as overrides
    from latchkey.ratelimit_namespaces e where true`,
} as const satisfies Record<OtherKind, string>;

export const some = (kind: OtherKind) => `${selects[kind]} and e.id = any($1)`;
export const every = (kind: OtherKind) => selects[kind];
