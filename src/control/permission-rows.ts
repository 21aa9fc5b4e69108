/** The rows of permissions: found by slug whatever its case, made where they are missing. */
import type { PermissionResult } from '../contract/permissions.ts';
import { newId } from '../domain/ids.ts';
import type { Queryable } from '../lib/database.ts';
import type { Scope } from './change.ts';

export type PermissionRow = { id: string; name: string; slug: string; description: string | null };

/** The existing ones among these slugs, by the slug as it was asked for. */
export async function findPermissions(
  database: Queryable,
  workspaceId: string,
  slugs: readonly string[],
): Promise<Map<string, PermissionRow>> {
  if (slugs.length === 0) return new Map();
  const rows = await database<(PermissionRow & { wanted: string })[]>`
    select wanted.slug as wanted, p.id, p.name, p.slug, p.description
    from unnest(${slugs as string[]}::text[]) as wanted (slug)
    join latchkey.permissions p on p.workspace_id = ${workspaceId}
      and latchkey.fold(p.slug) = latchkey.fold(wanted.slug)`;
  return new Map(rows.map(({ wanted, ...row }) => [wanted, row]));
}

/**
 * All of these permissions, by slug as it was asked for. Missing ones are made with the slug as
 * their name; `onMissing` is called first, to refuse a caller who may not make any.
 */
export async function ensurePermissions(
  scope: Scope,
  slugs: readonly string[],
  onMissing: () => void = () => {},
): Promise<Map<string, PermissionRow>> {
  const { transaction, workspaceId } = scope;
  const wanted = [...new Set(slugs)];
  const found = await findPermissions(transaction, workspaceId, wanted);
  const missing = wanted.filter((slug) => !found.has(slug));
  if (missing.length === 0) return found;
  onMissing();
  await insertPermissions(scope, missing);
  return new Map([...found, ...(await findPermissions(transaction, workspaceId, missing))]);
}

/**
 * In the order of their folded slugs, so that concurrent calls never wait in a circle. One that
 * another call has made just now is locked instead, and so cannot vanish before this commits.
 */
async function insertPermissions(scope: Scope, slugs: readonly string[]): Promise<void> {
  const { transaction, workspaceId, nowMs } = scope;
  const rows = slugs.map((slug) => ({ id: newId('permission'), slug }));
  const stored = await transaction<(PermissionRow & { isNew: boolean })[]>`
    insert into latchkey.permissions as p (id, workspace_id, name, slug, created_at_ms)
    select distinct on (latchkey.fold(slug)) id, ${workspaceId}, slug, slug, ${nowMs}::bigint
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as rows (id text, slug text)
    order by latchkey.fold(slug)
    on conflict (workspace_id, latchkey.fold(slug)) do update set slug = p.slug
    returning id, name, slug, description, xmax = 0 as "isNew"`;
  for (const { isNew, ...row } of stored) if (isNew) notePermissionCreation(scope, row);
}

export function notePermissionCreation(scope: Scope, row: PermissionRow): void {
  const { id, name, slug, description } = row;
  scope.events.push({
    action: 'permission.create',
    summary: `Created permission ${slug}`,
    resources: [{ type: 'permission', id, name: slug }],
    after: { name, slug, ...(description !== null && { description }) },
  });
}

export function toPermission({ id, name, slug, description }: PermissionRow): PermissionResult {
  return { id, name, slug, ...(description !== null && { description }) };
}
