import type { Grants } from './grants.ts';

/** Who asks: a root key that was found good, and what it may do. */
export type Principal = {
  rootKeyId: string;
  /** The workspace that it controls; nothing outside it exists for this caller. */
  workspaceId: string;
  grants: Grants;
};
