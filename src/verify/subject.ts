import type { KeyRecord } from '../domain/records.ts';
import type { KeyLookup } from './ports.ts';
import type { Subject } from './verdict.ts';

const noSlugs: ReadonlySet<string> = new Set();
const noRoles: readonly string[] = [];

/** Gathers what belongs to a key. A role or permission that was deleted is simply not there. */
export function gatherSubject(lookup: KeyLookup, key: KeyRecord): Omit<Subject, 'key' | 'api'> {
  const identity = key.identityId === '' ? undefined : lookup.find('identity', key.identityId);
  if (key.roleIds.length === 0 && key.permissionIds.length === 0) {
    return { identity, permissions: noSlugs, roles: noRoles };
  }
  const slugs = new Set<string>();
  const roles: string[] = [];
  addSlugs(lookup, slugs, key.permissionIds);
  for (const roleId of key.roleIds) {
    const role = lookup.find('role', roleId);
    if (!role) continue;
    roles.push(role.name);
    addSlugs(lookup, slugs, role.permissionIds);
  }
  return { identity, permissions: slugs, roles };
}

function addSlugs(lookup: KeyLookup, slugs: Set<string>, permissionIds: readonly string[]): void {
  for (const permissionId of permissionIds) {
    const permission = lookup.find('permission', permissionId);
    if (permission) slugs.add(permission.slug);
  }
}
