/** A verdict as the `data` of the answer. What is unset or empty is left out, never null. */
import type { IdentityRecord, LimitConfig } from '../domain/records.ts';
import { quoteJson } from '../lib/quote-json.ts';
import type { CheckedLimit, Verdict } from '../verify/verdict.ts';

const notFound = '{"valid":false,"code":"NOT_FOUND"}';

export function verifyResultJson(verdict: Verdict): string {
  if (verdict.outcome === 'NOT_FOUND') return notFound;
  const { key, outcome } = verdict;
  const code = outcome === 'WORKSPACE_DISABLED' ? 'FORBIDDEN' : outcome;
  let json = `{"valid":${outcome === 'VALID'},"code":"${code}","keyId":"${key.keyId}"`;
  if (key.name !== '') json += `,"name":${quoteJson(key.name)}`;
  if (key.metaJson !== '') json += `,"meta":${key.metaJson}`;
  if (key.expiresAtMs !== 0) json += `,"expires":${key.expiresAtMs}`;
  if (verdict.remainingCredits !== undefined) json += `,"credits":${verdict.remainingCredits}`;
  json += `,"enabled":${key.isEnabled}`;
  json += rightsJson(verdict.permissions, verdict.roles);
  if (verdict.identity) json += `,"identity":${identityJson(verdict.identity, key.limits)}`;
  if (verdict.checkedLimits.length > 0) {
    json += `,"ratelimits":[${checkedLimitsJson(verdict.checkedLimits)}]`;
  }
  return `${json}}`;
}

/** Permissions and roles, each with a comma before it. */
export function rightsJson(permissions: ReadonlySet<string>, roles: readonly string[]): string {
  const json = permissions.size > 0 ? permissionsJson(permissions) : '';
  return roles.length > 0 ? `${json},"roles":${JSON.stringify(roles)}` : json;
}

/** Keys with the same rights share the set, which stays as it is: most ask for what is here. */
const permissionTexts = new WeakMap<ReadonlySet<string>, string>();

function permissionsJson(permissions: ReadonlySet<string>): string {
  let json = permissionTexts.get(permissions);
  if (json === undefined) {
    json = `,"permissions":${JSON.stringify([...permissions])}`;
    permissionTexts.set(permissions, json);
  }
  return json;
}

function identityJson(identity: IdentityRecord, keyLimits: readonly LimitConfig[]): string {
  const externalId = quoteJson(identity.externalId);
  let json = `{"id":"${identity.identityId}","externalId":${externalId}`;
  if (identity.metaJson !== '') json += `,"meta":${identity.metaJson}`;
  if (identity.limits.length === 0) return `${json}}`;
  // A limit of the key hides the identity's limit of the same name.
  const visible = identity.limits.filter(
    (limit) => !keyLimits.some((own) => own.name === limit.name),
  );
  if (visible.length > 0) json += `,"ratelimits":[${visible.map(limitJson).join(',')}]`;
  return `${json}}`;
}

function limitJson(limit: LimitConfig): string {
  return (
    `{"id":"${limit.limitId}","name":${quoteJson(limit.name)},"limit":${limit.limit},` +
    `"duration":${limit.durationMs},"autoApply":${limit.autoApply}}`
  );
}

function checkedLimitsJson(limits: readonly CheckedLimit[]): string {
  const [first] = limits;
  return first && limits.length === 1
    ? checkedLimitJson(first)
    : limits.map(checkedLimitJson).join(',');
}

function checkedLimitJson(limit: CheckedLimit): string {
  return (
    `{"id":"${limit.limitId}","name":${quoteJson(limit.name)},"limit":${limit.limit},` +
    `"duration":${limit.durationMs},"remaining":${limit.remaining},"reset":${limit.resetAtMs},` +
    `"exceeded":${limit.isExceeded},"autoApply":${limit.autoApply}}`
  );
}
