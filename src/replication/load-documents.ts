/**
 * The documents of the replica, read from Postgres. One statement per kind, used both for the ids
 * of a change and for the first copy of everything. The columns carry the names of the record's
 * fields, so a row is a record.
 */
import type { EntityKind, KeyRecord, RootKeyRecord } from '../domain/records.ts';
import type { ReplicaChange } from '../keys/replica-writer.ts';
import type { Transaction } from '../lib/database.ts';

const limitsOf = (column: string) => `(
  select coalesce(json_agg(json_build_object('limitId', l.id, 'name', l.name,
    'limit', l.limit_count, 'durationMs', l.duration_ms, 'autoApply', l.auto_apply
    ) order by l.id), '[]'::json)
  from latchkey.ratelimits l where l.${column} = e.id) as limits`;

/** An empty object says as much as no object: both are left out of answers. */
const meta = `coalesce(nullif(e.meta, '{}'), '') as "metaJson"`;

/** 0 stands for never, so whoever expired at the epoch has done so a millisecond later. */
const expiry = `case when e.expires_at_ms is null then 0
  else greatest(e.expires_at_ms, 1) end as "expiresAtMs"`;

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

  identity: `select e.id, e.id as "identityId", e.workspace_id as "workspaceId",
      e.external_id as "externalId", ${meta}, ${limitsOf('identity_id')}
    from latchkey.identities e where e.deleted_at_ms is null`,

  rootKey: `select e.id, e.id as "rootKeyId", e.workspace_id as "workspaceId", e.hash,
      e.permissions, e.enabled as "isEnabled", ${expiry}
    from latchkey.root_keys e where e.deleted_at_ms is null`,

  key: `select e.id, e.id as "keyId", e.workspace_id as "workspaceId", e.api_id as "apiId",
      e.hash, e.hash_kind as "hashKind", coalesce(e.name, '') as name,
      coalesce(e.identity_id, '') as "identityId", ${meta}, e.enabled as "isEnabled",
      ${expiry},
      coalesce(e.migration_id, '') as "migrationId",
      exists (select from latchkey.key_credits c where c.key_id = e.id) as "hasCredits",
      array(select p.permission_id from latchkey.key_permissions p
        where p.key_id = e.id order by 1) as "permissionIds",
      array(select r.role_id from latchkey.key_roles r
        where r.key_id = e.id order by 1) as "roleIds", ${limitsOf('key_id')}
    from latchkey.keys e where e.deleted_at_ms is null`,

  namespace: `select e.id, e.id as "namespaceId", e.workspace_id as "workspaceId", e.name,
      e.deleted_at_ms is not null as "isDeleted", (
        select coalesce(json_agg(json_build_object('overrideId', o.id,
          'identifier', o.identifier, 'limit', o.limit_count, 'durationMs', o.duration_ms
          ) order by o.id), '[]'::json)
        from latchkey.ratelimit_overrides o where o.namespace_id = e.id) as overrides
    from latchkey.ratelimit_namespaces e where true`,
} as const satisfies Record<EntityKind, string>;

type Row = { id: string } & Record<string, unknown>;
type HashedRow = { id: string; hash: Buffer };

function toChange(kind: EntityKind, row: Row): ReplicaChange {
  switch (kind) {
    case 'key': {
      const { id, hash, hashKind, ...record } = row as HashedRow & { hashKind: number } & KeyRecord;
      return { kind, id, hash, hashKind, record };
    }
    case 'rootKey': {
      const { id, hash, ...record } = row as HashedRow & RootKeyRecord;
      return { kind, id, hash, record };
    }
    default: {
      const { id, ...record } = row;
      return { kind, id, record } as ReplicaChange;
    }
  }
}

/** The present state of these entities; one that is not there any more becomes a removal. */
export async function loadDocuments(
  transaction: Transaction,
  kind: EntityKind,
  ids: readonly string[],
): Promise<ReplicaChange[]> {
  const statement = `${selects[kind]} and e.id = any($1)`;
  const rows = await transaction.unsafe<Row[]>(statement, [ids as string[]], { prepare: true });
  const changes = new Map<string, ReplicaChange>();
  for (const id of ids) changes.set(id, { kind, id, record: undefined });
  for (const row of rows) changes.set(row.id, toChange(kind, row));
  return [...changes.values()];
}

/** All entities of a kind, in batches of at most `batchRows`. */
export async function* loadAllDocuments(
  transaction: Transaction,
  kind: EntityKind,
  batchRows: number,
): AsyncGenerator<ReplicaChange[]> {
  for await (const rows of transaction.unsafe<Row[]>(selects[kind]).cursor(batchRows)) {
    yield rows.map((row) => toChange(kind, row));
  }
}
