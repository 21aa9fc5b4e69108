import type { EventKind, InsertTarget } from './event-kind.ts';
import { quoted } from './schema-text.ts';

/** Whole rows for somebody's table, as text of a format; each ends with a line break. */
export type IngestEvent = { target: IngestTarget; rows: Buffer };

export type IngestTarget = {
  database: string;
  table: string;
  /** Empty for all columns in their order. */
  columns: readonly string[];
  format: string;
  settings: Readonly<Record<string, string>>;
  /** The line of names, for a format that has one, with its line break; else empty. */
  head: string;
};

/** Rows of services around us. Spooled as the target's JSON and the bytes. */
export const ingestKind: EventKind<IngestEvent> = {
  wireNumber: 3,
  name: 'ingest',
  hasTargets: true,
  fields: ({ target, rows }) => [targetText(target), rows],
  targetOf: (fields) => String(fields[0]),
  insertInto,
  appendRow: (row, fields) => row.bytes(fields[1]),
};

/**
 * A row is a row: the first one of a batch is no line of names because it looks like one, and only
 * the double quote keeps rows from ending.
 */
const rowSettings = {
  input_format_csv_detect_header: '0',
  input_format_tsv_detect_header: '0',
  format_csv_allow_single_quotes: '0',
  format_csv_allow_double_quotes: '1',
};

/** The same text for the same target: the order of its parts is ours. */
export function targetText({
  database,
  table,
  columns,
  format,
  settings,
  head,
}: IngestTarget): string {
  const sorted = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([database, table, columns, format, sorted, head]);
}

function insertInto(text: string): InsertTarget {
  const [database, table, columns, format, settings, head] = JSON.parse(text);
  const place = `${quoted(database)}.${quoted(table)}`;
  const list = columns.length > 0 ? ` (${columns.map(quoted).join(', ')})` : '';
  return {
    table: `${database}.${table}`,
    statement: `INSERT INTO ${place}${list} FORMAT ${format}`,
    settings: { ...Object.fromEntries(settings), ...rowSettings },
    head,
    isForeign: true,
  };
}
