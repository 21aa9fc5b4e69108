/** Requests and results of `permissions.*`, which also has the roles. */
import { closed, list, open, optional, type Static, string, stringBetween } from './json-schema.ts';
import { cursor, pageLimit, permissionSlug, roleName, search } from './shared.ts';

const permissionReference = stringBetween(1, 128, {
  pattern: permissionSlug.pattern as string,
  description: 'A permission by its id (`perm_…`) or by its slug.',
});
const roleReference = stringBetween(1, 128, {
  description: 'A role by its id (`role_…`) or by its name.',
});
const description = string({ maxLength: 512, description: 'What it is for, in words.' });
const permissionSlugs = list(permissionSlug, {
  description: 'Permissions by slug; missing ones are created.',
});

const pageOf = (description: string) =>
  closed(
    {
      limit: optional(pageLimit),
      cursor: optional(cursor),
      search: optional(search),
    },
    description,
  );

export const permissionResult = open(
  {
    id: string({ description: 'The id of the permission (`perm_…`).' }),
    name: string({ description: 'The name for people.' }),
    slug: string({ description: 'The name that keys and queries use.' }),
    description: optional(string({ description: 'What it is for, in words.' })),
  },
  'A permission.',
);
export type PermissionResult = Static<typeof permissionResult>;

/** Also `data` of everything that answers with a set of permissions. */
export const permissionsResult = list(permissionResult, { description: 'Permissions.' });
export type PermissionsResult = Static<typeof permissionsResult>;

export const roleResult = open(
  {
    id: string({ description: 'The id of the role (`role_…`).' }),
    name: string({ description: 'The name by which keys refer to it.' }),
    description: optional(string({ description: 'What it is for, in words.' })),
    permissions: optional(permissionsResult),
  },
  'A role: a named set of permissions.',
);
export type RoleResult = Static<typeof roleResult>;

export const rolesResult = list(roleResult, { description: 'Roles.' });
export type RolesResult = Static<typeof rolesResult>;

export const createPermissionBody = closed(
  {
    name: stringBetween(1, 512, { description: 'A name for people.' }),
    slug: permissionSlug,
    description: optional(description),
  },
  'A permission to create.',
);
export type CreatePermissionBody = Static<typeof createPermissionBody>;

export const createPermissionResult = open(
  { permissionId: string({ description: 'The id of the permission (`perm_…`).' }) },
  'The created permission.',
);
export type CreatePermissionResult = Static<typeof createPermissionResult>;

export const getPermissionBody = closed(
  { permission: permissionReference },
  'The permission to read.',
);
export type GetPermissionBody = Static<typeof getPermissionBody>;

export const listPermissionsBody = pageOf('Which permissions to list.');
export type ListPermissionsBody = Static<typeof listPermissionsBody>;

export const deletePermissionBody = closed(
  { permission: permissionReference },
  'The permission to delete, also from all keys and roles.',
);
export type DeletePermissionBody = Static<typeof deletePermissionBody>;

export const createRoleBody = closed(
  {
    name: roleName,
    description: optional(description),
    permissions: optional(permissionSlugs),
  },
  'A role to create.',
);
export type CreateRoleBody = Static<typeof createRoleBody>;

export const createRoleResult = open(
  { roleId: string({ description: 'The id of the role (`role_…`).' }) },
  'The created role.',
);
export type CreateRoleResult = Static<typeof createRoleResult>;

export const getRoleBody = closed({ role: roleReference }, 'The role to read.');
export type GetRoleBody = Static<typeof getRoleBody>;

export const listRolesBody = pageOf('Which roles to list.');
export type ListRolesBody = Static<typeof listRolesBody>;

export const deleteRoleBody = closed(
  { role: roleReference },
  'The role to delete, also from all keys.',
);
export type DeleteRoleBody = Static<typeof deleteRoleBody>;

export const setRolePermissionsBody = closed(
  {
    roleId: stringBetween(3, 255, {
      pattern: '^[a-zA-Z0-9_-]+$',
      description: 'A role by its id (`role_…`) only.',
    }),
    permissions: permissionSlugs,
  },
  'The permissions that the role has from now on, and no others.',
);
export type SetRolePermissionsBody = Static<typeof setRolePermissionsBody>;
