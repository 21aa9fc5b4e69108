/** On whose authority a proxy asks: a root key's, or that of an API which the operator opened. */
import { apiNeed, compileGrants, type Grants, holds } from '../domain/grants.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiRecord, WorkspaceRecord } from '../domain/records.ts';
import { authenticate, isFault, type RootKeyLookup } from './authentication.ts';

export type ProxyLookup = RootKeyLookup & {
  api(apiId: string): ApiRecord | undefined;
  workspace(workspaceId: string): WorkspaceRecord | undefined;
};

export type ProxyPrincipal =
  | { ok: true; principal: Principal }
  /** A sentence for the operator, never for the caller behind the proxy. */
  | { ok: false; problem: string };

export type ProxyCredentials = {
  /** Empty when the proxy sent none. */
  rootKey: string;
  /** Of the settings; empty: any API that the root key may verify keys of. */
  apiId: string;
  /** Whether `apiId` may be asked for without a root key. */
  isOpen: boolean;
};

/**
 * For an open API the root key is not looked at: it could be an invention of the caller behind the
 * proxy, who must not be able to turn a working route into a misconfigured one.
 */
export function findProxyPrincipal(
  { rootKey, apiId, isOpen }: ProxyCredentials,
  lookup: ProxyLookup,
  nowMs: number,
): ProxyPrincipal {
  const api = apiId === '' ? undefined : lookup.api(apiId);
  if (apiId !== '' && !api) return refuse(`the API ${JSON.stringify(apiId)} was not found.`);
  if (isOpen && api) {
    return { ok: true, principal: { rootKeyId: '', ...confinedTo(api) } };
  }
  if (rootKey === '') return refuse('it sent no X-Latchkey-Root-Key.');
  const principal = authenticate(`Bearer ${rootKey}`, lookup, nowMs);
  if (isFault(principal)) return refuse(principal.detail);
  if (!api) return { ok: true, principal };
  const everyKey = `keyspaces/${api.keyspaceId}/keys/*#verify_key`;
  const isHeld = holds(principal.grants, apiNeed(api.apiId, 'verify_key', everyKey));
  if (principal.workspaceId !== api.workspaceId || !isHeld) {
    return refuse(`its root key may not verify the keys of ${api.apiId}.`);
  }
  return { ok: true, principal: { rootKeyId: principal.rootKeyId, ...confinedTo(api) } };
}

/** An API's record stays the same object until it changes. */
const confined = new WeakMap<ApiRecord, { workspaceId: string; grants: Grants }>();

/** May verify the keys of this API and do nothing else. */
function confinedTo(api: ApiRecord): { workspaceId: string; grants: Grants } {
  let found = confined.get(api);
  if (!found) {
    const { workspaceId, apiId } = api;
    found = { workspaceId, grants: compileGrants(workspaceId, [`api.${apiId}.verify_key`]) };
    confined.set(api, found);
  }
  return found;
}

function refuse(problem: string): ProxyPrincipal {
  return { ok: false, problem: `A proxy cannot ask here: ${problem}` };
}
