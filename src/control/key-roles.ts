/** The roles of a key. They are referred to by name and have to exist. */
import type { AddRolesBody, RemoveRolesBody, SetRolesBody } from '../contract/key-links.ts';
import type { RolesResult } from '../contract/permissions.ts';
import { apiNeed, type Need } from '../domain/grants.ts';
import { demand } from './authorize.ts';
import { inChange, type Scope } from './change.ts';
import { connect, disconnect, type LinkTarget, replaceLinks, roleLinks } from './key-links.ts';
import { findKey, keyUrn, lockKey } from './keys.ts';
import type { Caller, ControlContext, Operation } from './operation.ts';
import { type RoleRow, resolveRoles, roleColumns, toRole } from './role-rows.ts';

export const addRoles: Operation<AddRolesBody, RolesResult> = (context, caller, body) =>
  changeRoles(context, caller, {
    ...body,
    needs: [{ tuples: ['rbac.*.add_role_to_key'] }],
    work: (scope, keyId, targets) => connect(scope, roleLinks, [{ keyId, targets }]),
  });

/** Unlike adding, taking away needs no right beyond that to update the key. */
export const removeRoles: Operation<RemoveRolesBody, RolesResult> = (context, caller, body) =>
  changeRoles(context, caller, {
    ...body,
    needs: [],
    work: (scope, keyId, targets) => disconnect(scope, roleLinks, { keyId, targets }),
  });

export const setRoles: Operation<SetRolesBody, RolesResult> = (context, caller, body) =>
  changeRoles(context, caller, {
    ...body,
    needs: [],
    work: (scope, keyId, targets) => replaceLinks(scope, roleLinks, { keyId, targets }),
  });

type RolesChange = {
  keyId: string;
  roles: readonly string[];
  /** Besides the right to update the key. */
  needs: readonly Need[];
  work(scope: Scope, keyId: string, targets: LinkTarget[]): Promise<void>;
};

async function changeRoles(
  context: ControlContext,
  caller: Caller,
  { keyId, roles, needs, work }: RolesChange,
): Promise<RolesResult> {
  const place = await findKey(context.database, caller, keyId);
  demand(caller, {
    all: [apiNeed(place.apiId, 'update_key'), ...needs],
    urn: keyUrn(place, 'update_key'),
  });
  return inChange(context, caller, async (scope) => {
    const { transaction } = scope;
    await lockKey(scope, keyId);
    await work(scope, keyId, [...(await resolveRoles(scope, roles)).values()]);
    const rows = await transaction<RoleRow[]>`
      select ${roleColumns(transaction)}
      from latchkey.key_roles kr join latchkey.roles r on r.id = kr.role_id
      where kr.key_id = ${keyId} order by r.name`;
    return rows.map(toRole);
  });
}
