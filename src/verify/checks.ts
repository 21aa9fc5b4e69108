/** The checks that need nothing but the record and the clock, in their order. */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import type { ApiRecord, WorkspaceRecord } from '../domain/records.ts';
import { type AddressList, contains, parseAddressList } from './address-list.ts';
import { isSatisfied, type PermissionQuery } from './permission-query.ts';
import type { VerifyPorts } from './ports.ts';
import type { KnownOutcome, Subject } from './verdict.ts';

export type Failure = Exclude<KnownOutcome, 'VALID'>;

/** What the checks look at besides the key. */
export type Asked = {
  request: VerifyKeyBody;
  query: PermissionQuery | undefined;
  workspace: WorkspaceRecord | undefined;
};

/** The first check that fails, before anything is counted or spent; undefined when all hold. */
export function firstFailure(
  { key, api, permissions }: Subject,
  { request, query, workspace }: Asked,
  ports: VerifyPorts,
): Failure | undefined {
  if (workspace?.isEnabled !== true) return 'WORKSPACE_DISABLED';
  if (!key.isEnabled) return 'DISABLED';
  if (key.expiresAtMs !== 0 && ports.nowMs > key.expiresAtMs) return 'EXPIRED';
  if (api.allowedAddresses !== '') {
    const address = request.ip ?? ports.callerAddress();
    if (!isAllowedAddress(api, address)) return 'FORBIDDEN';
  }
  if (query && !isSatisfied(query, permissions)) return 'INSUFFICIENT_PERMISSIONS';
  return undefined;
}

/** An API's record stays the same object until it changes, and so does its parsed list. */
const parsedLists = new WeakMap<ApiRecord, AddressList | 'unusable'>();

/** A list that cannot be read admits nobody: it was meant to keep somebody out. */
function isAllowedAddress(api: ApiRecord, address: string): boolean {
  let list = parsedLists.get(api);
  if (list === undefined) {
    const parsed = parseAddressList(api.allowedAddresses);
    list = parsed.ok ? parsed.list : 'unusable';
    parsedLists.set(api, list);
  }
  return list !== 'unusable' && contains(list, address);
}
