/**
 * How many requests a workspace may make: a number a minute, over a sliding window, for all of its
 * root keys and endpoints together. Null is no limit, and then nothing is counted; 0 refuses all.
 */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { WorkspaceRecord } from '../domain/records.ts';
import type { LimitRequest, LimitVerdict } from '../limits/window-table.ts';
import type { Headers } from './exchange.ts';
import { secondsUntil } from './limit-headers.ts';

export type RequestCounters = {
  takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[];
};

export type RequestQuota = {
  /** For the answer, whatever it will be. */
  headers: Headers;
  /** Why the request is not even looked at; undefined while there is room. */
  refusal: RequestFault | undefined;
};

const windowMs = 60_000;

/** Counts one request. Undefined when there is nothing to say: no limit, or nothing to count in. */
export function takeRequest(
  counters: RequestCounters,
  { workspaceId, requestsPerMinuteMax: limit }: WorkspaceRecord,
  nowMs: number,
): RequestQuota | undefined {
  if (limit === null) return undefined;
  // No namespace and no limit of a key has an empty name.
  const counter = { workspaceId, scope: '', identifier: '', durationMs: windowMs };
  const [verdict] = counters.takeAll([{ ...counter, limit, cost: 1 }], nowMs);
  // A full table must not lock a workspace out of its own API.
  if (!verdict || verdict.isTableFull) return undefined;
  const headers: Headers = [
    ['RateLimit-Limit', String(limit)],
    ['RateLimit-Remaining', String(verdict.remaining)],
    ['RateLimit-Reset', String(secondsUntil(verdict.resetAtMs, nowMs))],
  ];
  if (!verdict.exceeded) return { headers, refusal: undefined };
  // At the very end of the window all that it counted still weighs in full; not 1 ms later.
  const retryAfter = String(Math.floor((verdict.resetAtMs - nowMs) / 1000) + 1);
  return { headers: [...headers, ['Retry-After', retryAfter]], refusal: overQuota(limit) };
}

function overQuota(limit: number): RequestFault {
  const detail = `This workspace may make ${limit} API requests within a 1-minute window.`;
  return fault('user/too_many_requests/workspace_rate_limited', detail);
}
