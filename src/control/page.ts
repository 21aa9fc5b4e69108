/** Pages of a list: rows by id, and a cursor that is the id at which the next page starts. */
import { pageLimitDefault } from '../contract/shared.ts';
import type { Queryable } from '../lib/database.ts';
import type { Page } from './operation.ts';

export type PageRequest = { limit?: number; cursor?: string };

/** How many rows to read: one more than is shown tells whether there is a next page. */
export function rowsToRead({ limit = pageLimitDefault }: PageRequest): number {
  return limit + 1;
}

/** Splits off the extra row. A cursor is inclusive: the next page begins with that row. */
export function toPage<Row extends object>(
  rows: readonly Row[],
  { limit = pageLimitDefault }: PageRequest,
  cursorOf: (row: Row) => string,
): Page<Row> {
  const extra = rows[limit];
  return { rows: rows.slice(0, limit), nextCursor: extra && cursorOf(extra) };
}

/**
 * True for rows in which one of the columns contains the text, whatever its case; true for all rows
 * without one. Nothing in the text has a special meaning, as `%` would have in a pattern.
 */
export function matchesSearch(database: Queryable, search: string, columns: readonly string[]) {
  const text = search.trim();
  if (text === '') return database`true`;
  const joined = database.unsafe(`concat_ws(chr(10), ${columns.join(', ')})`);
  return database`strpos(latchkey.fold(${joined}), latchkey.fold(${text})) > 0`;
}
