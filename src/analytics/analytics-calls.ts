/** The operations `analytics.*`: who may ask, how often, and about which rows. */
import {
  type AnalyticsBody,
  analyticsBody,
  analyticsResult,
  type UsageBody,
  usageBody,
  usageResult,
} from '../contract/analytics.ts';
import type { Schema } from '../contract/json-schema.ts';
import type { AnalyticsFacts } from '../control/analytics-facts.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import { readableScope, type ScopeType } from './analytics-scope.ts';
import { type AnalyticsTables, ratelimitTables, verificationTables } from './analytics-tables.ts';
import { type AnalyticsStore, answerQuery } from './answer-query.ts';
import { answerUsage } from './answer-usage.ts';

export type AnalyticsOutcome =
  /** Rows, as the text of a JSON array. */
  | { ok: true; resultJson: string }
  | { ok: true; result: object }
  | { ok: false; fault: RequestFault };

export type AnalyticsCall = {
  name: string;
  body: Schema;
  /** Of `data` in the answer. */
  result: Schema;
  /** Never rejects. */
  run(caller: Principal, body: unknown): Promise<AnalyticsOutcome>;
};

export type AnalyticsPorts = {
  store: AnalyticsStore;
  /** Rejects when PostgreSQL cannot be asked. */
  facts(workspaceId: string): Promise<AnalyticsFacts>;
  /** Counts one query; false when the workspace has had its quota. */
  takeQuery(workspaceId: string): boolean;
};

/** Queries of a workspace within an hour. */
export const queriesMax = 1000;
export const quotaWindowMs = 3_600_000;

export function analyticsCalls(ports: AnalyticsPorts): AnalyticsCall[] {
  return [
    sqlCall('analytics.getVerifications', 'api', verificationTables, ports),
    sqlCall('analytics.getRatelimits', 'ratelimit', ratelimitTables, ports),
    usageCall(ports),
  ];
}

function sqlCall(
  name: string,
  type: ScopeType,
  tables: AnalyticsTables,
  ports: AnalyticsPorts,
): AnalyticsCall {
  return {
    name,
    body: analyticsBody,
    result: analyticsResult,
    async run(caller, body) {
      const admitted = await admit(ports, caller, type);
      if ('code' in admitted) return { ok: false, fault: admitted };
      const { scope, facts } = admitted;
      const { workspaceId } = caller;
      const { query: sql } = body as AnalyticsBody;
      const { retentionDays } = facts;
      const query = { sql, tables, workspaceId, scope, retentionDays };
      const answer = await answerQuery(ports.store, query);
      return answer.ok ? { ok: true, resultJson: answer.rowsJson } : answer;
    },
  };
}

function usageCall(ports: AnalyticsPorts): AnalyticsCall {
  return {
    name: 'analytics.getUsage',
    body: usageBody,
    result: usageResult,
    async run(caller, body) {
      const admitted = await admit(ports, caller, 'api');
      if ('code' in admitted) return { ok: false, fault: admitted };
      const { scope, facts } = admitted;
      const { workspaceId } = caller;
      return answerUsage(ports.store, { body: body as UsageBody, workspaceId, scope, ...facts });
    },
  };
}

type Admitted = { scope: readonly string[] | undefined; facts: AnalyticsFacts };

const overQuota = fault(
  'user/too_many_requests/query_quota_exceeded',
  `This workspace may run ${queriesMax} queries within an hour.`,
);
const factsUnknown = fault(
  'unkey/application/service_unavailable',
  'The database cannot be used right now. Verification goes on; try this query again.',
);

async function admit(
  { facts, takeQuery }: AnalyticsPorts,
  { grants, workspaceId }: Principal,
  type: ScopeType,
): Promise<Admitted | RequestFault> {
  const readable = readableScope(grants, type);
  if ('code' in readable) return readable;
  if (!takeQuery(workspaceId)) return overQuota;
  const known = await facts(workspaceId).catch(() => undefined);
  return known ? { scope: scopeOf(readable.ids, type, known), facts: known } : factsUnknown;
}

/** Rows carry the key space of an API; what belongs to no API of the workspace is left out. */
function scopeOf(
  ids: readonly string[] | undefined,
  type: ScopeType,
  { apis }: AnalyticsFacts,
): readonly string[] | undefined {
  if (ids === undefined || type === 'ratelimit') return ids;
  return apis.filter(({ apiId }) => ids.includes(apiId)).map(({ keyspaceId }) => keyspaceId);
}
