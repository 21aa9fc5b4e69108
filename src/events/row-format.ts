/**
 * The text formats whose rows can be taken apart and put together again: rows of many inserts
 * become one. What a row must look like is checked as far as that needs: whole rows, and JSON that
 * parses. The rest is ClickHouse's part, when it has them.
 */
import { InsertRefused } from './insert-statement.ts';

type Family = 'objects' | 'arrays' | 'csv' | 'tsv';
export type RowFormat = { name: string; family: Family; hasHead: boolean };

const formats: readonly RowFormat[] = [
  ...named('objects', false, 'JSONEachRow', 'JSONLines', 'NDJSON', 'JSONStringsEachRow'),
  ...named('arrays', false, 'JSONCompactEachRow', 'JSONCompactStringsEachRow'),
  ...named('csv', false, 'CSV'),
  ...named('csv', true, 'CSVWithNames'),
  ...named('tsv', false, 'TabSeparated', 'TSV', 'TabSeparatedRaw', 'TSVRaw'),
  ...named('tsv', true, 'TabSeparatedWithNames', 'TSVWithNames'),
];

function named(family: Family, hasHead: boolean, ...names: string[]): RowFormat[] {
  return names.map((name) => ({ name, family, hasHead }));
}

/** Throws InsertRefused for a format that is unknown, or whose rows we cannot take apart. */
export function rowFormat(name: string): RowFormat {
  const found = formats.find((format) => format.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const known = formats.map((format) => format.name).join(', ');
  throw new InsertRefused(73, 'UNKNOWN_FORMAT', `Format ${name} is not taken here: ${known}`);
}

/** `from` inclusive, `to` exclusive. */
export type RowRange = { from: number; to: number };

/** The rows in the bytes, without what stands between them. Throws InsertRefused. */
export function findRows(bytes: Buffer, { family }: RowFormat): RowRange[] {
  switch (family) {
    case 'objects':
    case 'arrays':
      return jsonRows(bytes, family);
    case 'csv':
      return lines(bytes, true);
    case 'tsv':
      return lines(bytes, false);
    default:
      return family satisfies never;
  }
}

const lineFeed = 10;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** A line break within quotes belongs to its CSV row; in TSV it is always escaped. */
function lines(bytes: Buffer, hasQuotes: boolean): RowRange[] {
  const rows: RowRange[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (hasQuotes && byte === quote) isQuoted = !isQuoted;
    if (byte !== lineFeed || isQuoted) continue;
    pushLine(rows, bytes, { from, to: at });
    from = at + 1;
  }
  if (isQuoted) throw incorrect('a quoted value does not end');
  pushLine(rows, bytes, { from, to: bytes.length });
  return rows;
}

function pushLine(rows: RowRange[], bytes: Buffer, { from, to }: RowRange): void {
  const end = bytes[to - 1] === 13 ? to - 1 : to;
  if (end > from) rows.push({ from, to: end });
}

/** Objects, or arrays, one after the other; all of them in an array is fine for objects too. */
function jsonRows(bytes: Buffer, family: 'objects' | 'arrays'): RowRange[] {
  const [open, what] = family === 'objects' ? [openBrace, 'an object'] : [openBracket, 'an array'];
  const rows: RowRange[] = [];
  let at = skipBetween(bytes, 0);
  const isWrapped = family === 'objects' && bytes[at] === openBracket;
  if (isWrapped) at = skipBetween(bytes, at + 1);
  while (at < bytes.length && !(isWrapped && bytes[at] === closeBracket)) {
    if (bytes[at] !== open) throw incorrect(`a row must be ${what}`);
    const to = jsonEnd(bytes, at);
    checkJson(bytes, { from: at, to });
    rows.push({ from: at, to });
    at = skipBetween(bytes, to);
  }
  if (isWrapped && skipBetween(bytes, at + 1) < bytes.length) throw incorrect('rows after the end');
  return rows;
}

/** Blanks, and the commas that may stand between rows. */
function skipBetween(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && ((bytes[at] as number) <= 32 || bytes[at] === comma)) at++;
  return at;
}

/** Where the object or array ends that begins at `from`. */
function jsonEnd(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = stringEnd(bytes, at);
    else if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  throw incorrect('the last row does not end');
}

/** Of the quote that ends the string; the end of the bytes when none does. */
function stringEnd(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === quote) return at;
  }
  return bytes.length;
}

function checkJson(bytes: Buffer, { from, to }: RowRange): void {
  try {
    JSON.parse(bytes.toString('utf8', from, to));
  } catch (error) {
    throw incorrect((error as Error).message);
  }
}

function incorrect(message: string): InsertRefused {
  return new InsertRefused(117, 'INCORRECT_DATA', `Cannot parse input: ${message}`);
}
