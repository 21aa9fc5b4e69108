/** The permissions that a key holds directly, not through roles. */
import type {
  AddPermissionsBody,
  RemovePermissionsBody,
  SetPermissionsBody,
} from '../contract/key-links.ts';
import type { PermissionsResult } from '../contract/permissions.ts';
import { apiNeed } from '../domain/grants.ts';
import { demand, permissionNeed } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import {
  connect,
  disconnect,
  type LinkTarget,
  permissionLinks,
  replaceLinks,
} from './key-links.ts';
import { findKey, keyUrn, lockKey } from './keys.ts';
import { type Caller, type ControlContext, type Operation, refuse } from './operation.ts';
import {
  ensurePermissions,
  findPermissions,
  type PermissionRow,
  toPermission,
} from './permission-rows.ts';

export const addPermissions: Operation<AddPermissionsBody, PermissionsResult> = async (
  context,
  caller,
  { keyId, permissions },
) => {
  await requireRights(context, caller, { keyId, actions: ['add_permission_to_key'] });
  return changePermissions(context, caller, keyId, async (scope) => {
    const targets = await ensureTargets(scope, permissions);
    await connect(scope, permissionLinks, [{ keyId, targets }]);
  });
};

export const setPermissions: Operation<SetPermissionsBody, PermissionsResult> = async (
  context,
  caller,
  { keyId, permissions },
) => {
  const actions = ['add_permission_to_key', 'remove_permission_from_key'];
  await requireRights(context, caller, { keyId, actions });
  return changePermissions(context, caller, keyId, async (scope) => {
    const targets = await ensureTargets(scope, permissions);
    await replaceLinks(scope, permissionLinks, { keyId, targets });
  });
};

export const removePermissions: Operation<RemovePermissionsBody, PermissionsResult> = async (
  context,
  caller,
  { keyId, permissions },
) => {
  await requireRights(context, caller, { keyId, actions: ['remove_permission_from_key'] });
  return changePermissions(context, caller, keyId, async (scope) => {
    const found = await findPermissions(scope.transaction, scope.workspaceId, permissions);
    const missing = permissions.find((slug) => !found.has(slug));
    if (missing !== undefined) {
      refuse('unkey/data/permission_not_found', `Permission '${missing}' was not found.`);
    }
    await disconnect(scope, permissionLinks, { keyId, targets: toTargets(found.values()) });
  });
};

async function requireRights(
  { database }: ControlContext,
  caller: Caller,
  { keyId, actions }: { keyId: string; actions: readonly string[] },
): Promise<void> {
  const place = await findKey(database, caller, keyId);
  const onKeys = actions.map((action) => ({ tuples: [`rbac.*.${action}`] }));
  demand(caller, {
    all: [apiNeed(place.apiId, 'update_key'), ...onKeys],
    urn: keyUrn(place, 'update_key'),
  });
}

function changePermissions(
  context: ControlContext,
  caller: Caller,
  keyId: string,
  work: (scope: Scope) => Promise<void>,
): Promise<PermissionsResult> {
  return inChange(context, caller, async (scope) => {
    await lockKey(scope, keyId);
    await work(scope);
    const rows = await scope.transaction<PermissionRow[]>`
      select p.id, p.name, p.slug, p.description
      from latchkey.key_permissions kp join latchkey.permissions p on p.id = kp.permission_id
      where kp.key_id = ${keyId} order by p.slug`;
    return rows.map(toPermission);
  });
}

/** Making a permission takes a right of its own. */
async function ensureTargets(scope: Scope, slugs: readonly string[]): Promise<LinkTarget[]> {
  const creation = { all: [permissionNeed('create_permission')] };
  const rows = await ensurePermissions(scope, slugs, () => demand(scope.caller, creation));
  return toTargets(rows.values());
}

function toTargets(rows: Iterable<PermissionRow>): LinkTarget[] {
  return Array.from(rows, ({ id, slug }) => ({ id, name: slug }));
}
