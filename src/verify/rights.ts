/** What a key may do, and where: everything about it that lies in other documents than its own. */
import type {
  ApiRecord,
  DocumentKind,
  DocumentRecords,
  KeyRecord,
  WorkspaceRecord,
} from '../domain/records.ts';

export type DocumentLookup = {
  find<K extends DocumentKind>(kind: K, id: string): DocumentRecords[K] | undefined;
};

/** The part of a key's record that many keys have in common, and that its rights follow from. */
export type RightsSource = Pick<KeyRecord, 'workspaceId' | 'apiId' | 'permissionIds' | 'roleIds'>;

export type Rights = {
  workspace: WorkspaceRecord | undefined;
  api: ApiRecord | undefined;
  /** Slugs held directly and through roles. */
  permissions: ReadonlySet<string>;
  /** Names. */
  roles: readonly string[];
};

const noSlugs: ReadonlySet<string> = new Set();
const noRoles: readonly string[] = [];

/** Gathers them anew. A role or permission that was deleted is simply not there. */
export function gatherRights(lookup: DocumentLookup, source: RightsSource): Rights {
  const workspace = lookup.find('workspace', source.workspaceId);
  const api = lookup.find('api', source.apiId);
  if (source.roleIds.length === 0 && source.permissionIds.length === 0) {
    return { workspace, api, permissions: noSlugs, roles: noRoles };
  }
  const permissions = new Set<string>();
  const roles: string[] = [];
  addSlugs(lookup, permissions, source.permissionIds);
  for (const roleId of source.roleIds) {
    const role = lookup.find('role', roleId);
    if (!role) continue;
    roles.push(role.name);
    addSlugs(lookup, permissions, role.permissionIds);
  }
  return { workspace, api, permissions, roles };
}

function addSlugs(
  lookup: DocumentLookup,
  slugs: Set<string>,
  permissionIds: readonly string[],
): void {
  for (const permissionId of permissionIds) {
    const permission = lookup.find('permission', permissionId);
    if (permission) slugs.add(permission.slug);
  }
}
