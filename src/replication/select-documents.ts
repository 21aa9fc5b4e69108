/**
 * The statements that read documents from Postgres, of some ids or of everything. What hangs on an
 * entity is added up by one pass over its table and joined: for a million keys 6 s, where a
 * sub-query for each key took 60. The columns carry the names of the record's fields.
 */
import type { EntityKind } from '../domain/records.ts';

export type ColumnForm = 'hash' | 'flag' | 'integer' | 'bigint' | 'text';
export type Column = readonly [sql: string, form: ColumnForm];

/** An empty object says as much as no object: both are left out of answers. */
const meta = `coalesce(nullif(e.meta, '{}'), '')`;

/** 0 stands for never, so whoever expired at the epoch has done so a millisecond later. */
const expiry =
  'case when e.expires_at_ms is null then 0::bigint else greatest(e.expires_at_ms, 1) end';

/** Texts stand last: see copy-rows. In the order of `KeyRow`. */
export const keyColumns: readonly Column[] = [
  ['e.hash', 'hash'],
  ['e.hash_kind::int', 'integer'],
  ['e.deleted_at_ms is not null', 'flag'],
  ['e.enabled', 'flag'],
  [expiry, 'bigint'],
  ['c.key_id is not null', 'flag'],
  ['e.id', 'text'],
  ['e.workspace_id', 'text'],
  ['e.api_id', 'text'],
  [`coalesce(e.identity_id, '')`, 'text'],
  [`coalesce(e.migration_id, '')`, 'text'],
  [`coalesce(p.ids, '')`, 'text'],
  [`coalesce(r.ids, '')`, 'text'],
  [`coalesce(l.lines, '')`, 'text'],
  [`coalesce(e.name, '')`, 'text'],
  [meta, 'text'],
];

/** In the order of `IdentityRow`. */
export const identityColumns: readonly Column[] = [
  ['e.id', 'text'],
  ['e.workspace_id', 'text'],
  ['e.external_id', 'text'],
  [`coalesce(l.lines, '')`, 'text'],
  [meta, 'text'],
];

const list = (columns: readonly Column[]) => columns.map(([sql]) => sql).join(', ');

/** Whose rows are read of a table whose column `owner` names the entity. */
type Whose = (owner: string) => string;
const everyones: Whose = (owner) => `${owner} is not null`;
const ofSome: Whose = (owner) => `${owner} = any($1)`;

/** A line for each limit, see `toLimits`; made as JSON by the server it took five times as long. */
const limitsOf = (owner: string, whose: Whose) => `
  left join (
    select ${owner}, string_agg(concat_ws(' ', id, limit_count, duration_ms, auto_apply,
      replace(replace(name, '\\', '\\\\'), chr(10), '\\n')), chr(10) order by name) as lines
    from latchkey.ratelimits where ${whose(owner)} group by ${owner}
  ) l on l.${owner} = e.id`;

const linksOf = (alias: string, table: string, { link, whose }: { link: string; whose: Whose }) => `
  left join (
    select key_id, string_agg(${link}, ',' order by ${link}) as ids
    from latchkey.${table} where ${whose('key_id')} group by key_id
  ) ${alias} on ${alias}.key_id = e.id`;

const keys = (whose: Whose) => `
  select ${list(keyColumns)} from latchkey.keys e
  left join (
    select key_id from latchkey.key_credits where ${whose('key_id')}
  ) c on c.key_id = e.id
  ${linksOf('p', 'key_permissions', { link: 'permission_id', whose })}
  ${linksOf('r', 'key_roles', { link: 'role_id', whose })}
  ${limitsOf('key_id', whose)}`;

const identities = (whose: Whose) => `
  select ${list(identityColumns)} from latchkey.identities e ${limitsOf('identity_id', whose)}
  where e.deleted_at_ms is null`;

/** Keys of ids, deleted ones too: with the hash that they had. */
export const someKeys = `${keys(ofSome)} where e.id = any($1)`;
export const everyKey = `${keys(everyones)} where e.deleted_at_ms is null`;
export const someIdentities = `${identities(ofSome)} and e.id = any($1)`;
export const everyIdentity = identities(everyones);

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
