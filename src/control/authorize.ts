/** What a caller must be allowed, asked of the grants of its root key. */
import { type Grants, holds, type Need } from '../domain/grants.ts';
import { type AdminAction, adminTuples, holdsAdmin } from '../domain/operator-rights.ts';
import { type Caller, refuseForLackOf } from './operation.ts';

/** All of these needs, or one URN that stands for them together. */
export type Demand = { all: readonly Need[]; urn?: string };

/** The first need that is not met; undefined when the demand is. */
export function firstLack(grants: Grants, { all, urn }: Demand): Need | undefined {
  if (urn !== undefined && holds(grants, { tuples: [], urn })) return undefined;
  return all.find((need) => !holds(grants, need));
}

export function demand(caller: Caller, wanted: Demand): void {
  const lack = firstLack(caller.grants, wanted);
  if (lack) refuseForLackOf(lack);
}

/** `<type>.*.<action>`, or the URN of everything of this kind. */
export function workspaceNeed(tuple: string, urn: string): Need {
  return { tuples: [tuple], urn };
}

/** `rbac.*.<action>`, or the URN of every permission. */
export function permissionNeed(action: string): Need {
  return workspaceNeed(`rbac.*.${action}`, `rbac/permissions/*#${action}`);
}

/** `rbac.*.<action>`, or the URN of every role. */
export function roleNeed(action: string): Need {
  return workspaceNeed(`rbac.*.${action}`, `rbac/roles/*#${action}`);
}

/**
 * The workspace that an administrative call is about. Whoever may not administer it is refused
 * whether it exists or not.
 */
export function requireAdmin(
  caller: Caller,
  action: AdminAction,
  workspaceId: string = caller.workspaceId,
): string {
  if (holdsAdmin(caller.grants, workspaceId, action)) return workspaceId;
  return refuseForLackOf({ tuples: adminTuples(workspaceId, action) });
}
