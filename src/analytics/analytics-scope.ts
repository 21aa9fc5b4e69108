/** Which rows a root key may ask for. */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { denialDetail, type Grants, holds } from '../domain/grants.ts';

export type ScopeType = 'api' | 'ratelimit';

/** Ids of the resources that may be read; undefined for all of the workspace. */
export type Scope = { ids: readonly string[] | undefined };

/** Of everything, or of the resources that the root key has a right to; a fault without any. */
export function readableScope(grants: Grants, type: ScopeType): Scope | RequestFault {
  const need = { tuples: [`${type}.*.read_analytics`] };
  if (holds(grants, need)) return { ids: undefined };
  const form = new RegExp(`^${type}\\.([^.]+)\\.read_analytics$`);
  const ids = [...grants.tuples].flatMap((tuple) => form.exec(tuple)?.[1] ?? []);
  if (ids.length > 0) return { ids };
  return fault('unkey/authorization/insufficient_permissions', denialDetail([need]));
}
