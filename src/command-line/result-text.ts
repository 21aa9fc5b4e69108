/** Results for people. What comes from a server is shown, never obeyed by the terminal. */
import { tableText } from './terminal.ts';

type Row = Readonly<Record<string, unknown>>;

const millisecondFields = /(?:At|^expires|^time|^reset)$/;
/** `keyId` → `KEY ID`. */
const titleOf = (field: string) => field.replace(/[A-Z]/g, ' $&').toUpperCase();

export function rowsText(columns: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return 'Nothing found.';
  const used = columns.filter((column) => rows.some((row) => row[column] !== undefined));
  const cells = rows.map((row) => used.map((column) => cellText(column, row[column])));
  return tableText(used.map(titleOf), cells);
}

/** A line for each field. */
export function recordText(record: Row): string {
  const fields = Object.entries(record);
  if (fields.length === 0) return 'Done.';
  const width = Math.max(...fields.map(([field]) => field.length)) + 2;
  return fields
    .map(([field, value]) => printable(field.padEnd(width)) + cellText(field, value))
    .join('\n');
}

function cellText(field: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' && millisecondFields.test(field)) return instantText(value);
  if (Array.isArray(value)) return printable(value.map(itemText).join(' '));
  if (typeof value === 'object') return printable(summaryOf(value));
  return printable(String(value));
}

/** Of limits there may be several in one cell; a permission is known by its slug. */
function itemText(item: unknown): string {
  return typeof item === 'object' && item !== null ? summaryOf(item) : String(item);
}

function summaryOf(value: object): string {
  const { externalId, slug } = value as { externalId?: unknown; slug?: unknown };
  return String(externalId ?? slug ?? JSON.stringify(value));
}

/** Up to the second; a number that is no instant stays a number. */
function instantText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : `${date.toISOString().slice(0, 19)}Z`;
}

/** Control characters could move the cursor or change colours. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '\ufffd');
}
