/** The SQL that makes the benchmark's workspace: what issuing real keys would leave behind. */

export type SeededWorld = { workspaceId: string; apiId: string };

const apiId = 'api_benchmark';
/** Of twenty permissions each key has the two that are asked for. */
const permissionCount = 20;
export const heldSlugs = ['documents.read', 'documents.write'] as const;
/** Customers have several keys each. */
const keysPerIdentity = 10;
/** So high that it never refuses. */
const limitCount = 1_000_000_000;
const limitDurationMs = 60_000;

const number9 = (expression: string) => `lpad((${expression})::text, 9, '0')`;
const identityOf = `'id_' || ${number9(`(n - 1) / ${keysPerIdentity} + 1`)}`;
/** As long as the driver makes them. */
const keyText = `'bench_' || lpad(n::text, 22, '0')`;

const hashConstraint = 'keys_hash_hash_kind_key';

/** Statements in turn, by what they make; two such turns for two processors. */
export function seedStatements(workspaceId: string, keyCount: number) {
  const keys = `generate_series(1, ${keyCount}) n`;
  const identityCount = Math.ceil(keyCount / keysPerIdentity);
  const keyed = {
    'API and permissions': `
      insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
      values ('${apiId}', '${workspaceId}', 'ks_benchmark', 'benchmark', 1);
      insert into latchkey.permissions (id, workspace_id, name, slug, created_at_ms)
      select 'perm_' || ${number9('n')}, '${workspaceId}', slug, slug, 1
      from generate_series(1, ${permissionCount}) n,
        lateral (select coalesce((array['${heldSlugs.join("','")}'])[n], 'other.' || n)) s (slug)`,
    identities: `
      insert into latchkey.identities (id, workspace_id, external_id, meta, created_at_ms)
      select 'id_' || ${number9('n')}, '${workspaceId}', 'customer_' || n,
        '{"company":"Example Industries","tier":"gold"}', 1
      from generate_series(1, ${identityCount}) n`,
    // Hashes come in no order: to sort them in the end is cheaper than to find each its place.
    keys: `
      alter table latchkey.keys drop constraint ${hashConstraint};
      set maintenance_work_mem = '512MB';
      insert into latchkey.keys (id, workspace_id, api_id, hash, start, name, identity_id, meta,
        created_at_ms)
      select 'key_' || ${number9('n')}, '${workspaceId}', '${apiId}',
        sha256((${keyText})::bytea), 'bench_', 'production', ${identityOf},
        '{"plan":"pro","seats":25}', 1
      from ${keys};
      alter table latchkey.keys add constraint ${hashConstraint} unique (hash, hash_kind)`,
  };
  const attached = {
    'permissions of keys': `
      insert into latchkey.key_permissions (key_id, permission_id)
      select 'key_' || ${number9('n')}, 'perm_' || ${number9('p')}
      from ${keys}, generate_series(1, ${heldSlugs.length}) p`,
    limits: `
      insert into latchkey.ratelimits (id, key_id, name, limit_count, duration_ms, auto_apply)
      select 'rl_' || ${number9('n')}, 'key_' || ${number9('n')}, 'requests', ${limitCount},
        ${limitDurationMs}, true
      from ${keys}`,
  };
  const world: SeededWorld = { workspaceId, apiId };
  return { sideBySide: [keyed, attached], world };
}
