/** The part of a worker that asks ClickHouse on behalf of customers. */
import {
  type AnalyticsPorts,
  analyticsCalls,
  queriesMax,
  quotaWindowMs,
} from '../analytics/analytics-calls.ts';
import { defaultLimits } from '../analytics/ask-clickhouse.ts';
import { type Clickhouse, createClickhouse } from '../events/clickhouse.ts';
import type { ManagementCall } from '../http/management.ts';
import type { Releasers } from '../lib/releasers.ts';
import type { WindowTable } from '../limits/window-table.ts';

export type WorkerAnalyticsOptions = {
  clickhouseReaderUrl: string;
  facts: AnalyticsPorts['facts'];
  limits: WindowTable;
};

/** Queries of this worker at a time; more wait. */
const connectionsMax = 4;
/** Longer than a query may run. */
const requestTimeoutMs = 20_000;

export function openWorkerAnalytics(
  { clickhouseReaderUrl: url, facts, limits }: WorkerAnalyticsOptions,
  releasers: Releasers,
): ManagementCall[] {
  let opened: Clickhouse | undefined;
  const open = () => createClickhouse({ url, requestTimeoutMs, connectionsMax });
  releasers.push('analytics', () => opened?.close());
  const publicDatabase = decodeURIComponent(new URL(url).pathname.slice(1));
  const store = {
    /** Made for the first query: few workers ever get one. */
    get client() {
      opened ??= open();
      return opened;
    },
    ...{ publicDatabase, limits: defaultLimits, clock: Date.now },
  };
  const calls = analyticsCalls({ store, facts, takeQuery: quotaOf(limits) });
  return calls.map((call) => ({ ...call, envelope: 'data', isChange: false }));
}

/** Counted by all workers of this node together. */
function quotaOf(limits: WindowTable): AnalyticsPorts['takeQuery'] {
  // No namespace and no limit of a key has an empty name.
  const quota = { scope: '', identifier: 'analytics', durationMs: quotaWindowMs };
  return (workspaceId) => {
    const request = { ...quota, workspaceId, limit: queriesMax, cost: 1 };
    const [verdict] = limits.takeAll([request], Date.now());
    return !verdict?.exceeded || verdict.isTableFull;
  };
}
