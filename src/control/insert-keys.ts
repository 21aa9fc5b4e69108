/**
 * New keys and everything that hangs on them, any number of them in the same few statements. What
 * they refer to by name is resolved first, in one order for everybody (identities, roles,
 * permissions, keys), so that concurrent calls wait for each other but never in a circle.
 */
import type { CreateKeyBody } from '../contract/keys.ts';
import type { Scope } from './change.ts';
import { insertCredits } from './credits.ts';
import { ensureIdentities } from './identity-rows.ts';
import { connect, permissionLinks, roleLinks } from './key-links.ts';
import { insertLimits } from './limit-rows.ts';
import { ensurePermissions } from './permission-rows.ts';
import { ensureRoles, resolveRoles } from './role-rows.ts';

/** What a request says of a new key. */
export type KeySettings = Pick<
  CreateKeyBody,
  | 'name'
  | 'externalId'
  | 'meta'
  | 'roles'
  | 'permissions'
  | 'expires'
  | 'enabled'
  | 'credits'
  | 'ratelimits'
>;

export type NewKey = {
  keyId: string;
  hash: Buffer;
  start: string;
  settings: KeySettings;
};

export type NewKeys = {
  apiId: string;
  keys: readonly NewKey[];
  /** Present for keys that come from elsewhere. Their roles are made when they are missing. */
  imported?: { hashKind: number; migrationId: string };
};

/** Returns the ids of the stored keys: all but those whose hash exists already. */
export async function insertKeys(scope: Scope, wanted: NewKeys): Promise<Set<string>> {
  const { keys, imported } = wanted;
  const settings = keys.map((key) => key.settings);
  const identityIds = await ensureIdentities(
    scope,
    settings.flatMap(({ externalId }) => externalId ?? []),
  );
  const roleNames = settings.flatMap(({ roles }) => roles ?? []);
  const roles = await (imported ? ensureRoles : resolveRoles)(scope, roleNames);
  const permissions = await ensurePermissions(
    scope,
    settings.flatMap((key) => key.permissions ?? []),
  );
  const storedIds = await insertRows(scope, wanted, identityIds);
  const stored = keys.filter(({ keyId }) => storedIds.has(keyId));
  for (const key of stored) noteCreation(scope, wanted, key);
  await insertCredits(
    scope,
    stored.map(({ keyId, settings: { credits } }) => ({ keyId, credits })),
  );
  await connect(scope, roleLinks, linksOf(stored, 'roles', roles));
  const targets = [...permissions].map(([wanted, { id, slug }]) => [wanted, { id, name: slug }]);
  await connect(scope, permissionLinks, linksOf(stored, 'permissions', new Map(targets as never)));
  await insertLimits(
    scope,
    stored.map(({ keyId, settings: { ratelimits } }) => ({
      owner: { type: 'key', id: keyId },
      limits: ratelimits ?? [],
    })),
  );
  return storedIds;
}

type Target = { id: string; name: string };

function linksOf(
  keys: readonly NewKey[],
  field: 'roles' | 'permissions',
  targets: ReadonlyMap<string, Target>,
) {
  return keys.map(({ keyId, settings }) => ({
    keyId,
    targets: (settings[field] ?? []).flatMap((name) => targets.get(name) ?? []),
  }));
}

async function insertRows(
  { transaction, workspaceId, nowMs }: Scope,
  { apiId, keys, imported }: NewKeys,
  identityIds: ReadonlyMap<string, string>,
): Promise<Set<string>> {
  const rows = keys.map(({ keyId, hash, start, settings }) => ({
    id: keyId,
    hash: hash.toString('hex'),
    start,
    name: settings.name ?? null,
    identity_id: identityIds.get(settings.externalId ?? '') ?? null,
    meta: settings.meta ? JSON.stringify(settings.meta) : null,
    enabled: settings.enabled ?? true,
    expires_at_ms: settings.expires ?? null,
  }));
  const stored = await transaction<{ id: string }[]>`
    insert into latchkey.keys (id, workspace_id, api_id, hash, hash_kind, migration_id, start,
      name, identity_id, meta, enabled, expires_at_ms, created_at_ms)
    select id, ${workspaceId}, ${apiId}, decode(hash, 'hex'), ${imported?.hashKind ?? 0},
      ${imported?.migrationId ?? null}, start, name, identity_id, meta, enabled, expires_at_ms,
      ${nowMs}
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (id text, hash text,
      start text, name text, identity_id text, meta text, enabled boolean, expires_at_ms bigint)
    order by hash
    on conflict (hash, hash_kind) do nothing returning id`;
  return new Set(stored.map(({ id }) => id));
}

function noteCreation(scope: Scope, { apiId, imported }: NewKeys, key: NewKey): void {
  const { keyId, start, settings } = key;
  const { name } = settings;
  scope.events.push({
    action: imported ? 'key.migrate' : 'key.create',
    summary: `${imported ? 'Imported' : 'Created'} key ${keyId}`,
    resources: [
      { type: 'key', id: keyId, ...(name !== undefined && { name }) },
      { type: 'api', id: apiId },
      ...(imported ? [{ type: 'migration' as const, id: imported.migrationId }] : []),
    ],
    after: { start, ...shownSettings(settings) },
  });
}

function shownSettings(settings: KeySettings): object {
  const { name, externalId, meta, expires, enabled = true, credits } = settings;
  return { name, externalId, meta, expires, enabled, credits };
}
