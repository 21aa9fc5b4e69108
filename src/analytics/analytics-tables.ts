/** What customers may query: for each operation its tables, by the names of the contract. */

/** How a table tells the time: Unix ms, or the start of the bucket as DateTime or Date. */
export type TimeKind = 'milliseconds' | 'minute' | 'hour' | 'day' | 'month';

export type AnalyticsTables = {
  /** By the name in customers' SQL. */
  tables: ReadonlyMap<string, TimeKind>;
  /** The column that a root key with rights to only some resources is held to. */
  scopeColumn: 'key_space_id' | 'namespace_id';
};

export const verificationTables: AnalyticsTables = {
  tables: tablesOf('key_verifications'),
  scopeColumn: 'key_space_id',
};

export const ratelimitTables: AnalyticsTables = {
  tables: tablesOf('ratelimits'),
  scopeColumn: 'namespace_id',
};

/** Of both operations: what lies in the database of the views. */
export const publicTables: ReadonlySet<string> = new Set([
  ...verificationTables.tables.keys(),
  ...ratelimitTables.tables.keys(),
]);

function tablesOf(stem: string): Map<string, TimeKind> {
  return new Map([
    [`${stem}_v1`, 'milliseconds'],
    [`${stem}_per_minute_v1`, 'minute'],
    [`${stem}_per_hour_v1`, 'hour'],
    [`${stem}_per_day_v1`, 'day'],
    [`${stem}_per_month_v1`, 'month'],
  ]);
}
