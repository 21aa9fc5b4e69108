/** Who asks: from the header to the root key's rights. Synchronous and local. */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Grants } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { RootKeyRecord, WorkspaceRecord } from '../domain/records.ts';

export type RootKeyLookup = {
  /** With its workspace as it is now. */
  rootKeyByToken(token: string): KnownRootKey | undefined;
};

type KnownRootKey = RootKeyRecord & { grants: Grants; workspace: WorkspaceRecord | undefined };

/** A root key that is good, and its workspace. */
export type Authenticated = Principal & { workspace: WorkspaceRecord; expiresAtMs: number };
export type Authentication = Authenticated | RequestFault;

const scheme = 'Bearer ';

/** Without the header, which is a violation of the request's schema and not a wrong credential. */
export const missingAuthorization: RequestFault = fault(
  'unkey/application/invalid_input',
  "Authorization header for 'bearer' scheme",
  [
    {
      location: 'security',
      message: 'The Authorization header was not found.',
      fix: 'Send the header `Authorization: Bearer <root key>`.',
    },
  ],
);

const malformed = fault(
  'unkey/authentication/malformed',
  'The Authorization header must hold a valid root key as `Bearer <root key>`.',
);
const unknown = fault(
  'unkey/authentication/key_not_found',
  'The root key is invalid: it was not found.',
);
const workspaceGone = fault(
  'unkey/data/workspace_not_found',
  'The workspace of this root key does not exist.',
);
const workspaceDisabled = fault(
  'unkey/authorization/workspace_disabled',
  'The workspace of this root key is disabled.',
);
const keyDisabled = fault('unkey/authorization/key_disabled', 'The root key is disabled.');
const keyExpired = fault('unkey/authorization/forbidden', 'The root key has expired.');

export function isFault(authentication: Authentication): authentication is RequestFault {
  return 'code' in authentication;
}

export function authenticate(header: string, lookup: RootKeyLookup, nowMs: number): Authentication {
  const trimmed = header.trim();
  if (!trimmed.startsWith(scheme)) return malformed;
  const rootKey = lookup.rootKeyByToken(trimmed.slice(scheme.length).trim());
  if (!rootKey) return unknown;
  const { workspace } = rootKey;
  if (!workspace) return workspaceGone;
  if (!workspace.isEnabled) return workspaceDisabled;
  if (!rootKey.isEnabled) return keyDisabled;
  if (rootKey.expiresAtMs !== 0 && nowMs > rootKey.expiresAtMs) return keyExpired;
  return rootKey as KnownRootKey & { workspace: WorkspaceRecord };
}
