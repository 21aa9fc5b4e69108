/** The answer to a ready question about usage. */
import type { UsageBody, UsageResult } from '../contract/analytics.ts';
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { analyticsFault } from './analytics-fault.ts';
import { verificationTables } from './analytics-tables.ts';
import { type AnalyticsStore, tooOld, visibleSinceMs } from './answer-query.ts';
import { ask } from './ask-clickhouse.ts';
import { rowFilters } from './row-filters.ts';
import {
  seriesLength,
  seriesLengthMax,
  type UsageQuestion,
  usageQuestion,
} from './usage-question.ts';

export type UsageQuery = {
  body: UsageBody;
  workspaceId: string;
  /** Key spaces that may be seen; undefined for all. */
  scope: readonly string[] | undefined;
  retentionDays: number;
  apis: readonly { apiId: string; keyspaceId: string }[];
};

export type UsageAnswer = { ok: true; result: UsageResult } | { ok: false; fault: RequestFault };

/** Never rejects. */
export async function answerUsage(store: AnalyticsStore, query: UsageQuery): Promise<UsageAnswer> {
  const { body, apis } = query;
  const keyspaceId = apis.find((api) => api.apiId === body.apiId)?.keyspaceId;
  const question = usageQuestion(body, { nowMs: store.clock(), keyspaceId });
  const refusal = checkQuestion(store, query, question);
  if (refusal) return { ok: false, fault: refusal };
  try {
    return { ok: true, result: await read(store, query, question) };
  } catch (error) {
    return { ok: false, fault: analyticsFault(error, store.publicDatabase) };
  }
}

function checkQuestion(
  { clock }: AnalyticsStore,
  { body, retentionDays }: UsageQuery,
  question: UsageQuestion,
): RequestFault | undefined {
  const invalid = (detail: string) => fault('unkey/application/invalid_input', detail);
  if (body.from >= question.toMs) return invalid('`from` must be before `to`.');
  if (seriesLength(question) > seriesLengthMax) {
    const most = `${seriesLengthMax} buckets times groups`;
    return invalid(`The answer would have more than ${most}: take longer buckets or fewer groups.`);
  }
  // A day more: "30 days" is meant from the beginning of a day as well as from now.
  const oldestMs = visibleSinceMs(retentionDays + 1, clock());
  return body.from < oldestMs ? tooOld(retentionDays) : undefined;
}

type Sums = { n: number; credits: number; outcomes: Record<string, number> };
type GroupRow = Sums & { name: string };
type SeriesRow = { at: number; name: string; n: number };

async function read(
  store: AnalyticsStore,
  query: UsageQuery,
  question: UsageQuestion,
): Promise<UsageResult> {
  const rows = rowReader(store, query);
  const [[total], groups] = await Promise.all([
    rows<Sums>(question.totalSql),
    rows<GroupRow>(question.groupsSql),
  ]);
  const names = groups.map(({ name }) => name);
  const series = names.length > 0 ? await rows<SeriesRow>(question.seriesSql(names)) : [];
  const shown = nameOf(question, query);
  const { fromMs, toMs, granularity, groupBy } = question;
  return {
    ...{ from: fromMs, to: toMs, granularity, groupBy },
    total: toCounts(total ?? { n: 0, credits: 0, outcomes: {} }),
    groups: groups.map((row) => ({ group: shown(row.name), ...toCounts(row) })),
    series: series.map(({ at, name, n }) => ({ time: at, group: shown(name), count: n })),
  };
}

function rowReader(store: AnalyticsStore, { workspaceId, scope, retentionDays }: UsageQuery) {
  const { client, publicDatabase, limits, clock } = store;
  const sinceMs = visibleSinceMs(retentionDays, clock());
  const filters = rowFilters(verificationTables, publicDatabase, { workspaceId, scope, sinceMs });
  return async <Row>(sql: string): Promise<Row[]> => {
    const lines = await ask(client, { sql, format: 'JSONEachRow', workspaceId, filters, limits });
    return lines.map((line) => JSON.parse(line) as Row);
  };
}

function toCounts({ n, credits, outcomes }: Sums) {
  return { count: n, spentCredits: credits, outcomes };
}

/** Customers know their APIs, not the key spaces behind them. */
function nameOf({ groupBy }: UsageQuestion, { apis }: UsageQuery): (name: string) => string {
  if (groupBy !== 'api') return (name) => name;
  const apiIds = new Map(apis.map(({ apiId, keyspaceId }) => [keyspaceId, apiId]));
  return (name) => apiIds.get(name) ?? name;
}
