/** The ties of keys to permissions and to roles: one row each, the same in both kinds. */
import type { AuditAction } from '../domain/audit-actions.ts';
import type { Scope } from './change.ts';

type LinkKind = {
  target: 'permission' | 'role';
  table: string;
  column: string;
  connect: AuditAction;
  disconnect: AuditAction;
};

export const permissionLinks: LinkKind = {
  target: 'permission',
  table: 'latchkey.key_permissions',
  column: 'permission_id',
  connect: 'authorization.connect_permission_and_key',
  disconnect: 'authorization.disconnect_permission_and_key',
};

export const roleLinks: LinkKind = {
  target: 'role',
  table: 'latchkey.key_roles',
  column: 'role_id',
  connect: 'authorization.connect_role_and_key',
  disconnect: 'authorization.disconnect_role_and_key',
};

/** A permission or role, and what people call it. */
export type LinkTarget = { id: string; name: string };
export type KeyLinks = { keyId: string; targets: readonly LinkTarget[] };

/** Ties keys to what they are not yet tied to. */
export async function connect(
  scope: Scope,
  kind: LinkKind,
  links: readonly KeyLinks[],
): Promise<void> {
  const pairs = links.flatMap(({ keyId, targets }) =>
    [...new Set(targets.map(({ id }) => id))].map((id) => ({ keyId, id })),
  );
  if (pairs.length === 0) return;
  const { transaction } = scope;
  const made = await transaction<{ keyId: string; id: string }[]>`
    insert into ${transaction(kind.table)} (key_id, ${transaction(kind.column)})
    select "keyId", id from json_to_recordset(${JSON.stringify(pairs)}::text::json)
      as rows ("keyId" text, id text)
    on conflict do nothing returning key_id as "keyId", ${transaction(kind.column)} as id`;
  const madeIds = Map.groupBy(made, ({ keyId }) => keyId);
  for (const { keyId, targets } of links) {
    note(scope, kind, { action: kind.connect, keyId, rows: madeIds.get(keyId) ?? [], targets });
  }
}

/** Unties a key from these; from what it is not tied to, nothing happens. */
export async function disconnect(
  scope: Scope,
  kind: LinkKind,
  { keyId, targets }: KeyLinks,
): Promise<void> {
  const { transaction } = scope;
  const rows = await transaction<{ id: string }[]>`
    delete from ${transaction(kind.table)}
    where key_id = ${keyId} and ${transaction(kind.column)} = any(${targets.map(({ id }) => id)})
    returning ${transaction(kind.column)} as id`;
  note(scope, kind, { action: kind.disconnect, keyId, rows, targets });
}

/** Ties a key to exactly these. */
export async function replaceLinks(
  scope: Scope,
  kind: LinkKind,
  { keyId, targets }: KeyLinks,
): Promise<void> {
  const { transaction } = scope;
  const rows = await transaction<{ id: string }[]>`
    delete from ${transaction(kind.table)}
    where key_id = ${keyId} and ${transaction(kind.column)} <> all(${targets.map(({ id }) => id)})
    returning ${transaction(kind.column)} as id`;
  note(scope, kind, { action: kind.disconnect, keyId, rows, targets: [] });
  await connect(scope, kind, [{ keyId, targets }]);
}

type LinkChange = KeyLinks & { action: AuditAction; rows: readonly { id: string }[] };

/** One event for each key, and none where nothing has changed. */
function note(scope: Scope, kind: LinkKind, { action, keyId, rows, targets }: LinkChange): void {
  if (rows.length === 0) return;
  const names = new Map(targets.map(({ id, name }) => [id, name]));
  const verb = action === kind.connect ? 'Connected' : 'Disconnected';
  const tied = rows.map(({ id }) => {
    const name = names.get(id);
    return { type: kind.target, id, ...(name !== undefined && { name }) };
  });
  scope.events.push({
    action,
    summary: `${verb} ${kind.target}s and key ${keyId}`,
    resources: [{ type: 'key', id: keyId }, ...tied],
  });
}
