/** A rate-limit decision as the `data` of its answer. An `overrideId` is there or left out. */
import type { DecidedLimit } from '../verify/decide-limits.ts';

/** Of `ratelimit.limit`. */
export function limitResultJson(decided: DecidedLimit): string {
  return `{"success":${decided.isPassed},${countsJson(decided)}}`;
}

/** Of `ratelimit.multiLimit`: namespace and identifier come back as they were given. */
export function multiLimitResultJson(isPassed: boolean, limits: readonly DecidedLimit[]): string {
  return `{"passed":${isPassed},"limits":[${limits.map(itemJson).join(',')}]}`;
}

function itemJson(decided: DecidedLimit): string {
  const namespace = JSON.stringify(decided.item.namespace);
  const identifier = JSON.stringify(decided.item.identifier);
  const names = `"namespace":${namespace},"identifier":${identifier}`;
  return `{${names},${countsJson(decided)},"passed":${decided.isPassed}}`;
}

function countsJson({ limit, remaining, resetAtMs, overrideId }: DecidedLimit): string {
  const counts = `"limit":${limit},"remaining":${remaining},"reset":${resetAtMs}`;
  return overrideId === '' ? counts : `${counts},"overrideId":"${overrideId}"`;
}
