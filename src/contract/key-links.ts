/** Requests of the `keys.*` operations that tie permissions and roles to a key. */
import { closed, list, type Static } from './json-schema.ts';
import { keyId, permissionSlug, roleName } from './shared.ts';

const somePermissions = list(permissionSlug, {
  minItems: 1,
  maxItems: 1000,
  description: 'Permissions by slug.',
});
const someRoles = list(roleName, {
  minItems: 1,
  maxItems: 100,
  description: 'Names of existing roles.',
});

export const addPermissionsBody = closed(
  { keyId, permissions: somePermissions },
  'Permissions that the key gets in addition; missing ones are created.',
);
export type AddPermissionsBody = Static<typeof addPermissionsBody>;

export const setPermissionsBody = closed(
  {
    keyId,
    permissions: list(permissionSlug, { description: 'Permissions by slug; may be none.' }),
  },
  'The direct permissions that the key has from now on, and no others.',
);
export type SetPermissionsBody = Static<typeof setPermissionsBody>;

export const removePermissionsBody = closed(
  { keyId, permissions: somePermissions },
  'Permissions that the key loses.',
);
export type RemovePermissionsBody = Static<typeof removePermissionsBody>;

export const addRolesBody = closed(
  { keyId, roles: someRoles },
  'Roles that the key gets in addition.',
);
export type AddRolesBody = Static<typeof addRolesBody>;

export const setRolesBody = closed(
  {
    keyId,
    roles: list(roleName, { maxItems: 100, description: 'Names of existing roles; may be none.' }),
  },
  'The roles that the key has from now on, and no others.',
);
export type SetRolesBody = Static<typeof setRolesBody>;

export const removeRolesBody = closed({ keyId, roles: someRoles }, 'Roles that the key loses.');
export type RemoveRolesBody = Static<typeof removeRolesBody>;
