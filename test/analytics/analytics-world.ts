/** Two workspaces with events of the last days, and whoever may ask about them. */
import { verificationTables } from '../../src/analytics/analytics-tables.ts';
import {
  type AnalyticsStore,
  answerQuery,
  type CustomerQuery,
  type QueryAnswer,
} from '../../src/analytics/answer-query.ts';
import { defaultLimits, type QueryLimits } from '../../src/analytics/ask-clickhouse.ts';
import { readerUrl } from '../../src/embedded/clickhouse-config.ts';
import { type Clickhouse, createClickhouse } from '../../src/events/clickhouse.ts';
import { publicDatabaseOf } from '../../src/events/schema-text.ts';
import { clientOf, makeTables } from '../events/river.ts';
import { testClickhouse } from '../support/stores.ts';

export const minuteMs = 60_000;
export const dayMs = 86_400_000;
/** Of the other workspace: what must never be read. */
export const secret = 'req_secret';

export type World = {
  /** At this instant the events of `ws_a` were made; the clock of all questions. */
  nowMs: number;
  /**
   * Of our own `ws_a`: one every hour, 40 days back, the newest first. None is within two hours of
   * seven days ago: which of them is younger would depend on the minute at which it is asked.
   */
  events: { timeMs: number; keyId: string; outcome: string; keyspaceId: string; tags: string[] }[];
  store(reader: 'restricted' | 'owner', limits?: Partial<QueryLimits>): AnalyticsStore;
  ask(sql: string, changes?: Partial<CustomerQuery>): Promise<QueryAnswer>;
  close(): Promise<void>;
};

const eventCount = 960;
const outcomes = ['VALID', 'VALID', 'VALID', 'RATE_LIMITED', 'EXPIRED'];

export async function openWorld(): Promise<World> {
  const clickhouse = await testClickhouse();
  const owner = clientOf(clickhouse.url);
  await makeTables(owner);
  const nowMs = Date.now();
  const numbers = Array.from({ length: eventCount }, (_, number) => number);
  const events = numbers.filter(isFarFromSevenDays).map((number) => ({
    timeMs: nowMs - minuteMs - number * 3_600_000,
    keyId: `key_${number % 12}`,
    outcome: outcomes[number % outcomes.length] as string,
    keyspaceId: `ks_${number % 2}`,
    tags: number % 3 === 0 ? ['env=prod', `path=/v${number % 2}`] : [],
  }));
  await insertAll(owner, events);
  const publicDatabase = publicDatabaseOf(clickhouse.database);
  const restricted = clientFor(readerUrl(clickhouse.url), publicDatabase);
  const unrestricted = clientFor(clickhouse.url, publicDatabase);

  function store(reader: 'restricted' | 'owner', limits: Partial<QueryLimits> = {}) {
    const client = reader === 'owner' ? unrestricted : restricted;
    return { client, publicDatabase, limits: { ...defaultLimits, ...limits }, clock: () => nowMs };
  }

  return {
    ...{ nowMs, events, store },
    ask: (sql, changes) => answerQuery(store('restricted'), { ...question, sql, ...changes }),
    async close() {
      for (const client of [owner, restricted, unrestricted]) await client.close();
      await clickhouse.close();
    },
  };
}

function isFarFromSevenDays(hours: number): boolean {
  return Math.abs(hours - 7 * 24) > 2;
}

export const question: CustomerQuery = {
  sql: '',
  tables: verificationTables,
  workspaceId: 'ws_a',
  scope: undefined,
  retentionDays: 30,
};

function clientFor(url: string, database: string): Clickhouse {
  const { href } = Object.assign(new URL(url), { pathname: `/${database}` });
  return createClickhouse({ url: href, requestTimeoutMs: 15_000, connectionsMax: 4 });
}

async function insertAll(client: Clickhouse, events: World['events']): Promise<void> {
  const rows = events.flatMap((event, number) => [
    { ...rowOf(event), request_id: `req_${number}`, workspace_id: 'ws_a' },
    { ...rowOf(event), request_id: `${secret}_${number}`, workspace_id: 'ws_secret' },
  ]);
  const format = 'JSONEachRow';
  await client.insert({ table: 'key_verifications_raw_v1', values: rows, format });
  const decisions = rows.map(({ request_id, time, workspace_id }, number) => ({
    ...{ request_id, time, workspace_id, namespace_id: `rlns_${number % 4}` },
    ...{ identifier: `${workspace_id}_user`, passed: number % 3 !== 0, latency_us: 7 },
    ...{ limit: 10, remaining: 3, reset_at: time, tokens: 2 },
  }));
  await client.insert({ table: 'ratelimits_raw_v1', values: decisions, format });
}

function rowOf({ timeMs, keyId, outcome, keyspaceId, tags }: World['events'][number]) {
  return {
    ...{ time: timeMs, key_id: keyId, key_space_id: keyspaceId, outcome, tags },
    ...{ identity_id: `id_${keyId}`, external_id: `user_${keyId}`, region: 'eu', source: 'api' },
    ...{ spent_credits: 1, latency_us: 8 },
  };
}
