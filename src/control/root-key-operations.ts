/**
 * Root keys by way of a root key. Whoever may make them can hand out no more than they hold: no
 * permission that theirs do not contain, in no other workspace unless they are the operator, and
 * for no longer than their own root key lives. What shows a secret, or changes what one may do,
 * asks the same of the root key that is there already.
 */
import type {
  CreateRootKeyBody,
  CreateRootKeyResult,
  ListRootKeysBody,
  RevokeRootKeyBody,
  RootKeyResult,
  RotateRootKeyBody,
  UpdateRootKeyBody,
} from '../contract/admin-root-keys.ts';
import { covers, isGrantable } from '../domain/operator-rights.ts';
import type { Queryable } from '../lib/database.ts';
import { requireAdmin } from './authorize.ts';
import { difference, inChange, type Scope } from './change.ts';
import { type Nothing, type Operation, type Page, refuse, refuseInput } from './operation.ts';
import { rowsToRead, toPage } from './page.ts';
import { insertRootKey } from './root-keys.ts';
import { requireWorkspace } from './workspaces.ts';

export const createRootKey: Operation<CreateRootKeyBody, CreateRootKeyResult> = async (
  context,
  caller,
  { name = null, permissions, expires = null, ...body },
) => {
  const workspaceId = requireAdmin(caller, 'create_root_key', body.workspaceId);
  checkForm(permissions, workspaceId);
  const work = async (scope: Scope) => {
    await requireWorkspace(scope.transaction, workspaceId);
    await requireCovered(scope, { permissions, expires });
    const { transaction, nowMs, events } = scope;
    const wanted = { workspaceId, permissions, name, expiresAtMs: expires, nowMs };
    return insertRootKey(transaction, wanted, events);
  };
  return inChange(context, caller, work, workspaceId);
};

export const listRootKeys: Operation<ListRootKeysBody, Page<RootKeyResult>> = async (
  { database },
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'read_root_key', body.workspaceId);
  const rows = await database<StoredRootKey[]>`
    select ${rootKeyColumns(database)} from latchkey.root_keys
    where workspace_id = ${workspaceId} and deleted_at_ms is null and id >= ${body.cursor ?? ''}
    order by id limit ${rowsToRead(body)}`;
  return toPage(rows.map(toResult), body, ({ rootKeyId }) => rootKeyId);
};

export const updateRootKey: Operation<UpdateRootKeyBody, RootKeyResult> = async (
  context,
  caller,
  body,
) => {
  const workspaceId = requireAdmin(caller, 'update_root_key', body.workspaceId);
  if (body.permissions) checkForm(body.permissions, workspaceId);
  const work = async (scope: Scope) => {
    const { transaction, nowMs, events } = scope;
    const before = await lockRootKey(scope, body.rootKeyId);
    await requireCovered(scope, before);
    const { name = before.name, expires = before.expires } = body;
    const { permissions = before.permissions, enabled = before.enabled } = body;
    const after = { ...before, name, expires, permissions, enabled };
    await requireCovered(scope, after);
    await transaction`
      update latchkey.root_keys set name = ${name}, expires_at_ms = ${expires},
        permissions = ${permissions}, enabled = ${enabled}, updated_at_ms = ${nowMs}
      where id = ${body.rootKeyId}`;
    events.push({
      action: 'rootKey.update',
      summary: `Changed root key ${body.rootKeyId}`,
      resources: [{ type: 'rootKey', id: body.rootKeyId, ...(name !== null && { name }) }],
      ...difference(before, after),
    });
    return toResult({ ...after, updatedAt: nowMs });
  };
  return inChange(context, caller, work, workspaceId);
};

/** The new root key is like the old one, which goes on for a while or not at all. */
export const rotateRootKey: Operation<RotateRootKeyBody, CreateRootKeyResult> = async (
  context,
  caller,
  { rootKeyId, expiration, ...body },
) => {
  const workspaceId = requireAdmin(caller, 'rotate_root_key', body.workspaceId);
  const work = async (scope: Scope) => {
    const { transaction, nowMs, events } = scope;
    const old = await lockRootKey(scope, rootKeyId);
    await requireCovered(scope, old);
    const made = await insertRootKey(
      transaction,
      { ...old, workspaceId, expiresAtMs: old.expires, nowMs },
      events,
    );
    const ended = Math.min(nowMs + expiration, old.expires ?? Number.POSITIVE_INFINITY);
    await transaction`
      update latchkey.root_keys set updated_at_ms = ${nowMs},
        expires_at_ms = ${expiration === 0 ? nowMs - 1 : ended}
      where id = ${rootKeyId}`;
    events.push({
      action: 'rootKey.rotate',
      summary: `Rotated root key ${rootKeyId} to ${made.rootKeyId}`,
      resources: [
        { type: 'rootKey', id: rootKeyId },
        { type: 'rootKey', id: made.rootKeyId },
      ],
    });
    return made;
  };
  return inChange(context, caller, work, workspaceId);
};

export const revokeRootKey: Operation<RevokeRootKeyBody, Nothing> = async (
  context,
  caller,
  { rootKeyId, ...body },
) => {
  const workspaceId = requireAdmin(caller, 'revoke_root_key', body.workspaceId);
  const work = async (scope: Scope) => {
    const { name } = await lockRootKey(scope, rootKeyId);
    await scope.transaction`
      update latchkey.root_keys set deleted_at_ms = ${scope.nowMs} where id = ${rootKeyId}`;
    scope.events.push({
      action: 'rootKey.revoke',
      summary: `Revoked root key ${rootKeyId}`,
      resources: [{ type: 'rootKey', id: rootKeyId, ...(name !== null && { name }) }],
    });
    return {};
  };
  return inChange(context, caller, work, workspaceId);
};

type StoredRootKey = Omit<RootKeyResult, 'name' | 'expires' | 'updatedAt'> & {
  name: string | null;
  expires: number | null;
  updatedAt: number | null;
};

function rootKeyColumns(database: Queryable) {
  return database`id as "rootKeyId", workspace_id as "workspaceId", start, name, permissions,
    enabled, expires_at_ms as expires, created_at_ms as "createdAt", updated_at_ms as "updatedAt"`;
}

async function lockRootKey(
  { transaction, workspaceId }: Scope,
  rootKeyId: string,
): Promise<StoredRootKey> {
  const [row] = await transaction<StoredRootKey[]>`
    select ${rootKeyColumns(transaction)} from latchkey.root_keys
    where id = ${rootKeyId} and workspace_id = ${workspaceId} and deleted_at_ms is null
    for update`;
  return row ?? refuse('unkey/data/key_not_found', 'The root key does not exist.');
}

function toResult({ name, expires, updatedAt, ...row }: StoredRootKey): RootKeyResult {
  return {
    ...row,
    ...(name !== null && { name }),
    ...(expires !== null && { expires }),
    ...(updatedAt !== null && { updatedAt }),
  };
}

/** A permission that could never allow anything is a typing error. */
function checkForm(permissions: readonly string[], workspaceId: string): void {
  const odd = permissions.find((permission) => !isGrantable(permission, workspaceId));
  if (odd !== undefined) {
    refuseInput(`permissions: '${odd}' is not a permission of workspace ${workspaceId}.`);
  }
}

type Power = { permissions: readonly string[]; expires: number | null };

async function requireCovered(scope: Scope, { permissions, expires }: Power): Promise<void> {
  const { transaction, caller, workspaceId } = scope;
  const excess = permissions.find((permission) => !covers(caller, workspaceId, permission));
  if (excess !== undefined) {
    refuse(
      'unkey/authorization/forbidden',
      `A root key cannot grant '${excess}', which it does not hold.`,
    );
  }
  const [own] = await transaction<{ expires: number | null }[]>`
    select expires_at_ms as expires from latchkey.root_keys where id = ${caller.rootKeyId}`;
  const end = own?.expires ?? null;
  if (end !== null && (expires === null || expires > end)) {
    refuse('unkey/authorization/forbidden', 'A root key cannot make one that outlives it.');
  }
}
