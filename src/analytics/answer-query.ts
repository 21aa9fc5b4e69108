/**
 * From a customer's SQL to the rows of the answer. ClickHouse itself is asked what the text is
 * (EXPLAIN AST) and what it means (EXPLAIN QUERY TREE) before it is run, and the text that it runs
 * is the text that was sent. Around it stand four walls, each of which holds by itself:
 *
 * 1. only known syntax, functions and tables pass (`query-rules.ts`);
 * 2. the views show the rows of one workspace, whatever is asked of them;
 * 3. every use of a table is filtered by workspace, scope and retention (`row-filters.ts`);
 * 4. the user who asks, where one is set up, can read these views and nothing else, in a readonly
 *    query with limits on time, memory and rows.
 */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { Clickhouse } from '../events/clickhouse.ts';
import { analyticsFault, memoryExceeded } from './analytics-fault.ts';
import type { AnalyticsTables } from './analytics-tables.ts';
import { AnswerTooLong, ask, type QueryLimits } from './ask-clickhouse.ts';
import { type QueryMeaning, readMeaning } from './query-meaning.ts';
import {
  checkSyntax,
  invalidQuery,
  invalidTable,
  isSelect,
  notSelect,
  queryBytesMax,
} from './query-rules.ts';
import { compareRawTimeWithInstants } from './raw-time.ts';
import { rowFilters } from './row-filters.ts';
import { parseTree } from './syntax-tree.ts';

export type AnalyticsStore = {
  /** Its current database is the one of the views. */
  client: Clickhouse;
  publicDatabase: string;
  limits: QueryLimits;
  /** Unix ms. */
  clock: () => number;
};

export type CustomerQuery = {
  sql: string;
  tables: AnalyticsTables;
  workspaceId: string;
  /** Values of the scope's column; undefined for all. */
  scope: readonly string[] | undefined;
  retentionDays: number;
};

export type QueryAnswer = { ok: true; rowsJson: string } | { ok: false; fault: RequestFault };

const dayMs = 86_400_000;

/** From this instant on rows are seen, Unix ms. */
export function visibleSinceMs(retentionDays: number, nowMs: number): number {
  return nowMs - retentionDays * dayMs;
}

export function tooOld(retentionDays: number): RequestFault {
  const detail = `The query reaches back further than the ${retentionDays} days that can be seen.`;
  return fault('user/bad_request/query_range_exceeds_retention', detail);
}

/** Never rejects. The rows come as the text of a JSON array. */
export async function answerQuery(
  store: AnalyticsStore,
  query: CustomerQuery,
): Promise<QueryAnswer> {
  try {
    const reading = readerOf(store, query);
    const refusal = await checkText(query, reading);
    if (refusal) return { ok: false, fault: refusal };
    const meaning = readMeaning(parseTree(await reading.explain('QUERY TREE', query.sql), 2));
    const violation = checkMeaning(store, query, meaning);
    if (violation) return { ok: false, fault: violation };
    const rows = await reading.run(await textToRun(query.sql, meaning, reading));
    return { ok: true, rowsJson: `[${rows.slice(0, store.limits.resultRows).join(',')}]` };
  } catch (error) {
    if (error instanceof NotExplained) return { ok: false, fault: invalidQuery(error.message) };
    const isTooLong = error instanceof AnswerTooLong;
    return {
      ok: false,
      fault: isTooLong ? memoryExceeded : analyticsFault(error, store.publicDatabase),
    };
  }
}

/** The text does not stand by itself. */
class NotExplained extends Error {
  override readonly name = 'NotExplained';
  override readonly message = 'The query must begin with SELECT or WITH.';
}

type Reading = {
  explain(what: 'AST' | 'QUERY TREE' | 'SYNTAX', sql: string): Promise<string[]>;
  /** One JSON object a row. */
  run(sql: string): Promise<string[]>;
};

function readerOf(store: AnalyticsStore, query: CustomerQuery): Reading {
  const { client, publicDatabase, limits, clock } = store;
  const { tables, workspaceId, scope, retentionDays } = query;
  const sinceMs = visibleSinceMs(retentionDays, clock());
  const filters = rowFilters(tables, publicDatabase, { workspaceId, scope, sinceMs });
  const bounds = { workspaceId, filters, limits };
  return {
    async explain(what, sql) {
      const format = 'JSONCompactEachRowWithNames';
      const [head, ...lines] = await ask(client, {
        sql: `EXPLAIN ${what} ${sql}`,
        format,
        ...bounds,
      });
      // `EXPLAIN AST , 1` would be a SELECT without the word: its column has another name.
      if (head !== '["explain"]') throw new NotExplained();
      return lines.map((line) => JSON.parse(line)[0] as string);
    },
    run: (sql) => ask(client, { sql, format: 'JSONEachRow', ...bounds }),
  };
}

async function checkText(
  { sql, tables }: CustomerQuery,
  reading: Reading,
): Promise<RequestFault | undefined> {
  if (sql.trim() === '') return invalidQuery('The query is empty.');
  if (Buffer.byteLength(sql) > queryBytesMax) {
    return invalidQuery(`The query is longer than ${queryBytesMax} bytes.`);
  }
  const roots = parseTree(await reading.explain('AST', sql), 1);
  // Not the text alone is explained, but all behind `EXPLAIN AST`: that may begin with options.
  return isSelect(sql) ? checkSyntax(roots, tables) : notSelect;
}

function checkMeaning(
  { publicDatabase, clock }: AnalyticsStore,
  { tables, retentionDays }: CustomerQuery,
  meaning: QueryMeaning,
): RequestFault | undefined {
  const allowed = new Set([...tables.tables.keys()].map((table) => `${publicDatabase}.${table}`));
  if (!meaning.tables.every((table) => allowed.has(table))) {
    return invalidTable('The query reads a table that cannot be queried here.');
  }
  const taken = meaning.cteNames.find((name) => tables.tables.has(name));
  if (taken !== undefined) return invalidTable(`${taken} is a table: name the CTE otherwise.`);
  return checkRetention(meaning, retentionDays, clock());
}

/** To the day: `today() - 30` begins before `now() - INTERVAL 30 DAY`, and both are meant. */
function checkRetention(
  { timeComparisons }: QueryMeaning,
  retentionDays: number,
  nowMs: number,
): RequestFault | undefined {
  const sinceMs = visibleSinceMs(retentionDays, nowMs);
  const oldestMs = sinceMs - (sinceMs % dayMs);
  const isTooOld = timeComparisons.some(
    ({ operator, atMs }) =>
      (operator === 'equals' || operator.startsWith('greater')) &&
      atMs !== undefined &&
      atMs < oldestMs,
  );
  return isTooOld ? tooOld(retentionDays) : undefined;
}

/** The text that was sent, unless it compares milliseconds with an instant. */
async function textToRun(sql: string, meaning: QueryMeaning, reading: Reading): Promise<string> {
  const isMixed = meaning.timeComparisons.some(
    ({ columnType, constantType }) => columnType === 'Int64' && constantType.startsWith('Date'),
  );
  if (!isMixed) return sql;
  return compareRawTimeWithInstants((await reading.explain('SYNTAX', sql)).join('\n'));
}
