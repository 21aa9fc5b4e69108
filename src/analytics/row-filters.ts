/** Which rows a caller may see: conditions that ClickHouse adds to every use of a table. */
import type { AnalyticsTables, TimeKind } from './analytics-tables.ts';
import { stringLiteral } from './ask-clickhouse.ts';

export type Visibility = {
  workspaceId: string;
  /** Values of the scope's column; undefined for all. */
  scope: readonly string[] | undefined;
  /** Rows from this instant on, Unix ms. */
  sinceMs: number;
};

/** By `database.table`. The workspace is in the views too: here it stands a second time. */
export function rowFilters(
  { tables, scopeColumn }: AnalyticsTables,
  publicDatabase: string,
  visibility: Visibility,
): Record<string, string> {
  const { workspaceId, scope, sinceMs } = visibility;
  const filters = [...tables].map(([table, kind]) => [
    `${publicDatabase}.${table}`,
    [
      `workspace_id = ${stringLiteral(workspaceId)}`,
      ...(scope ? [scopeCondition(scopeColumn, scope)] : []),
      timeCondition(kind, sinceMs),
    ].join(' AND '),
  ]);
  return Object.fromEntries(filters);
}

function scopeCondition(column: string, values: readonly string[]): string {
  return values.length === 0 ? '0' : `${column} IN (${values.map(stringLiteral).join(', ')})`;
}

/** A bucket that has begun before and ends after the instant is seen whole. */
function timeCondition(kind: TimeKind, sinceMs: number): string {
  const instant = `toDateTime(${Math.floor(sinceMs / 1000)}, 'UTC')`;
  switch (kind) {
    case 'milliseconds':
      return `time >= ${sinceMs}`;
    case 'minute':
      return `time >= toStartOfMinute(${instant})`;
    case 'hour':
      return `time >= toStartOfHour(${instant})`;
    case 'day':
      return `time >= toDate(${instant})`;
    case 'month':
      return `time >= toStartOfMonth(${instant})`;
    default:
      return kind satisfies never;
  }
}
