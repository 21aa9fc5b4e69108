import type { RatelimitEvent } from '../domain/ratelimit-event.ts';
import type { DecidedLimit } from '../verify/decide-limits.ts';

type Circumstances = {
  requestId: string;
  workspaceId: string;
  timeMs: number;
  latencyUs: number;
  /** Whether the request as a whole has passed, so that it was counted. */
  isCounted: boolean;
};

/** What is kept of one decision. */
export function toRatelimitEvent(decided: DecidedLimit, of: Circumstances): RatelimitEvent {
  const { item, isPassed } = decided;
  return {
    requestId: of.requestId,
    timeMs: of.timeMs,
    workspaceId: of.workspaceId,
    namespaceId: decided.namespaceId,
    identifier: item.identifier,
    isPassed,
    overrideId: decided.overrideId,
    limit: decided.limit,
    remaining: decided.remaining,
    resetAtMs: decided.resetAtMs,
    tokens: isPassed && !of.isCounted ? 0 : (item.cost ?? 1),
    latencyUs: of.latencyUs,
  };
}
