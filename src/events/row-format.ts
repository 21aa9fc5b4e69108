/**
 * The text formats whose rows can be taken apart and put together again: rows of many inserts
 * become one. What a row must look like is checked as far as that needs: whole rows, and JSON that
 * parses. The rest is ClickHouse's part, when it has them.
 */
import { InsertRefused } from './insert-statement.ts';

type Family = 'objects' | 'arrays' | 'csv' | 'tsv' | 'raw';
export type RowFormat = { name: string; family: Family; hasHead: boolean };

const formats: readonly RowFormat[] = [
  ...named('objects', false, 'JSONEachRow', 'JSONLines', 'NDJSON', 'JSONStringsEachRow'),
  ...named('arrays', false, 'JSONCompactEachRow', 'JSONCompactStringsEachRow'),
  ...named('arrays', true, 'JSONCompactEachRowWithNames', 'JSONCompactStringsEachRowWithNames'),
  ...named('csv', false, 'CSV'),
  ...named('csv', true, 'CSVWithNames'),
  ...named('tsv', false, 'TabSeparated', 'TSV'),
  ...named('raw', false, 'TabSeparatedRaw', 'TSVRaw'),
  ...named('raw', true, 'TabSeparatedRawWithNames', 'TSVRawWithNames'),
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

/** Of one row: `from` inclusive, `to` exclusive. */
export type TakeRow = (from: number, to: number) => void;

/**
 * Tells each row in the bytes, without what stands between them; no object is made for any of them.
 * `delimiter` is a byte of CSV. Throws InsertRefused.
 */
export function findRows(
  bytes: Buffer,
  { format: { family }, delimiter = comma }: { format: RowFormat; delimiter?: number | undefined },
  takeRow: TakeRow,
): void {
  switch (family) {
    case 'objects':
    case 'arrays':
      jsonRows(bytes, family, takeRow);
      break;
    case 'csv':
      lines(bytes, (from) => csvFieldEnd(bytes, from, delimiter), takeRow);
      break;
    case 'tsv':
      lines(bytes, (from) => tsvFieldEnd(bytes, from), takeRow);
      break;
    case 'raw':
      lines(bytes, (from) => rawLineEnd(bytes, from), takeRow);
      break;
    default:
      family satisfies never;
  }
}

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/**
 * A row ends where ClickHouse sees its end, to the byte: one that went on into the next would take
 * somebody else's rows with it. `fieldEnd` tells where the field that begins at `from` ends: at a
 * delimiter, at a line feed, or behind the last byte.
 */
function lines(bytes: Buffer, fieldEnd: (from: number) => number, takeRow: TakeRow): void {
  let rowFrom = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = fieldEnd(at);
    at = end + 1;
    if (end < bytes.length && bytes[end] !== lineFeed) continue;
    takeRow(rowFrom, isReturn(bytes, end - 1) ? end - 1 : end);
    rowFrom = at;
  }
  // A delimiter was the last byte.
  if (rowFrom < bytes.length) takeRow(rowFrom, bytes.length);
}

/** Not one that is escaped: the line feed would be, without it. */
function isReturn(bytes: Buffer, at: number): boolean {
  return bytes[at] === carriageReturn && bytes[at - 1] !== backslash;
}

/** A quote opens a value only where the field begins, behind blanks at most. */
function csvFieldEnd(bytes: Buffer, from: number, delimiter: number): number {
  let at = from;
  while (bytes[at] === space || bytes[at] === tab) at++;
  if (bytes[at] === quote) at = quotedEnd(bytes, at);
  while (at < bytes.length && bytes[at] !== delimiter && bytes[at] !== lineFeed) at++;
  return at;
}

/** Behind the quote that ends the value; two of them are one that belongs to it. */
function quotedEnd(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] !== quote) continue;
    if (bytes[at + 1] !== quote) return at + 1;
    at++;
  }
  throw incorrect('a quoted value does not end');
}

/** A backslash takes away the meaning of the next byte, even of a line feed. */
function tsvFieldEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === tab || byte === lineFeed) return at;
    if (at >= bytes.length) throw incorrect('the last row ends with a backslash');
  }
  return bytes.length;
}

function rawLineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(lineFeed, from);
  return end < 0 ? bytes.length : end;
}

/** Objects, or arrays, one after the other; all of them in an array is fine for objects too. */
function jsonRows(bytes: Buffer, family: 'objects' | 'arrays', takeRow: TakeRow): void {
  const [open, what] = family === 'objects' ? [openBrace, 'an object'] : [openBracket, 'an array'];
  let at = skipBetween(bytes, 0);
  const isWrapped = family === 'objects' && bytes[at] === openBracket;
  if (isWrapped) at = skipBetween(bytes, at + 1);
  while (at < bytes.length && !(isWrapped && bytes[at] === closeBracket)) {
    if (bytes[at] !== open) throw incorrect(`a row must be ${what}`);
    const to = jsonEnd(bytes, at);
    checkJson(bytes, at, to);
    takeRow(at, to);
    at = skipBetween(bytes, to);
  }
  if (isWrapped && skipBetween(bytes, at + 1) < bytes.length) throw incorrect('rows after the end');
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

function checkJson(bytes: Buffer, from: number, to: number): void {
  try {
    JSON.parse(bytes.toString('utf8', from, to));
  } catch (error) {
    throw incorrect((error as Error).message);
  }
}

function incorrect(message: string): InsertRefused {
  return new InsertRefused(117, 'INCORRECT_DATA', `Cannot parse input: ${message}`);
}
