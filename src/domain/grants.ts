/**
 * What a root key may do. Two grammars of granted permission exist side by side: tuples such as
 * `api.*.create_key`, compared as they are, and URNs such as
 * `unkey:v1:ws_1:keyspaces/ks_1/keys/key_1#read_key`, in which a segment may be `*` and the path
 * may end with `**`. A tuple has no general wildcard: `api.*` grants nothing.
 */

type UrnGrant = { segments: readonly string[]; action: string };

export type Grants = {
  tuples: ReadonlySet<string>;
  urns: readonly UrnGrant[];
  /** Holds `**#*`: everything in its workspace. */
  isFullAdmin: boolean;
};

/** One way to be allowed: any of the tuples, or the URN. */
export type Need = { tuples: readonly string[]; urn?: string };

export function compileGrants(workspaceId: string, permissions: readonly string[]): Grants {
  const prefix = `unkey:v1:${workspaceId}:`;
  const urns: UrnGrant[] = [];
  for (const permission of permissions) {
    if (!permission.startsWith(prefix)) continue;
    const [path = '', action = '', ...rest] = permission.slice(prefix.length).split('#');
    if (path === '' || action === '' || rest.length > 0) continue;
    if (action === '*' && path !== '**') continue;
    urns.push({ segments: path.split('/'), action });
  }
  const isFullAdmin = urns.some((urn) => urn.action === '*');
  return { tuples: new Set(permissions), urns, isFullAdmin };
}

export function fullAdminPermission(workspaceId: string): string {
  return `unkey:v1:${workspaceId}:**#*`;
}

export function holds(grants: Grants, need: Need): boolean {
  if (grants.isFullAdmin) return true;
  for (const tuple of need.tuples) if (grants.tuples.has(tuple)) return true;
  return need.urn !== undefined && grants.urns.length > 0 && holdsUrn(grants.urns, need.urn);
}

function holdsUrn(urns: readonly UrnGrant[], wanted: string): boolean {
  const [path = '', action = ''] = wanted.split('#');
  const segments = path.split('/');
  return urns.some((urn) => urn.action === action && matches(urn.segments, segments));
}

function matches(granted: readonly string[], wanted: readonly string[]): boolean {
  for (const [index, segment] of granted.entries()) {
    const isLast = index === granted.length - 1;
    if (isLast && segment === '**') return wanted.length > index;
    const actual = wanted[index];
    // A wish for every entity, `keys/*`, is met only by a grant of every entity.
    if (actual === undefined || (segment !== '*' && segment !== actual)) return false;
  }
  return granted.length === wanted.length;
}

/** The wording of a denial: it names what is missing, never what the caller holds. */
export function denialDetail(needs: readonly Need[]): string {
  const tuples = needs.flatMap((need) => need.tuples);
  if (tuples.length === 1) return `Missing permission: '${tuples[0]}'`;
  return `Missing one of these permissions: ${tuples.join(' or ')}`;
}

/** `api.*.<action>` or `api.<apiId>.<action>`, or the URN. */
export function apiNeed(apiId: string, action: string, urn?: string): Need {
  const tuples = [`api.*.${action}`, `api.${apiId}.${action}`];
  return urn === undefined ? { tuples } : { tuples, urn };
}
