/**
 * Inserts of services around us: checked, spooled, and answered only then. What is spooled goes to
 * ClickHouse in large batches, whoever sent it. A body that fits into one segment is taken whole or
 * not at all; of a larger one a part may be kept when the spool fills up in between, and comes
 * twice when the caller sends it again.
 */
import type { EventKind } from './event-kind.ts';
import type { IngestAccess } from './ingest-access.ts';
import { type IngestEvent, type IngestTarget, ingestKind } from './ingest-kind.ts';
import { InsertRefused, parseInsert } from './insert-statement.ts';
import { findRows, type RowRange, rowFormat } from './row-format.ts';
import type { DropReason } from './spool-counters.ts';

export type IngestRequest = {
  user: string;
  password: string;
  /** Of the URL; empty when the body begins with the statement. */
  query: string;
  /** For a table that is named without one. */
  database: string;
  /** Of the URL. */
  settings: Readonly<Record<string, string>>;
  body: Buffer;
};

export type IngestAnswer =
  | { kind: 'spooled'; rowCount: number; byteCount: number }
  /** `SELECT 1`, by which clients find out whether a server is there. */
  | { kind: 'alive'; text: string }
  | { kind: 'refused'; status: 400 | 403 | 413 | 503; refusal: InsertRefused };

export type IngestOptions = {
  access: IngestAccess;
  /** Undefined when the event is in the spool; nothing is counted as dropped. */
  offer(kind: EventKind<IngestEvent>, event: IngestEvent): DropReason | undefined;
  /** Rows that are spooled together are no more bytes than this. */
  frameBytesMax: number;
};

export type Ingest = (request: IngestRequest) => IngestAnswer;

export function createIngest(options: IngestOptions): Ingest {
  return (request) => {
    if (!options.access.knows(request.user, request.password)) return refused(403, unknownUser);
    try {
      return take(options, request);
    } catch (error) {
      if (!(error instanceof InsertRefused)) throw error;
      return refused(error.code === 497 ? 403 : 400, error);
    }
  };
}

const unknownUser = new InsertRefused(
  516,
  'AUTHENTICATION_FAILED',
  'Authentication failed: password is incorrect, or there is no user with such name',
);
const spoolFull = new InsertRefused(
  745,
  'SERVER_OVERLOADED',
  'The spool is full: nothing was taken, send it again later',
);

function refused(status: 400 | 403 | 413 | 503, refusal: InsertRefused): IngestAnswer {
  return { kind: 'refused', status, refusal };
}

const question = /^\s*SELECT\s+(?:1|'ping')\s*(?:FORMAT\s+\w+\s*)?;?\s*$/i;
/** What stands before the rows in a body is a statement of at most so many bytes. */
const headBytesMax = 16_384;

function take(options: IngestOptions, request: IngestRequest): IngestAnswer {
  const { query, body } = request;
  const text = query === '' ? body.toString('latin1', 0, headBytesMax) : query;
  if (question.test(text)) return { kind: 'alive', text: '1\n' };
  const { restAt, ...statement } = parseInsert(text);
  const target = targetOf(statement, request);
  if (!options.access.mayInsert(request.user, target.database, target.table)) {
    const table = `${target.database}.${target.table}`;
    const message = `${request.user}: not enough privileges to INSERT into ${table} here`;
    throw new InsertRefused(497, 'ACCESS_DENIED', message);
  }
  const inline = Buffer.from(query.slice(restAt));
  const bytes = query === '' ? body.subarray(restAt) : Buffer.concat([inline, body]);
  return spool(options, target, bytes);
}

type Statement = Omit<ReturnType<typeof parseInsert>, 'restAt'>;

function targetOf(statement: Statement, request: IngestRequest): IngestTarget {
  const { table, columns, format } = statement;
  const { name } = rowFormat(format);
  const settings = { ...request.settings, ...statement.settings };
  return {
    ...{ table, columns, format: name, head: '' },
    database: statement.database || request.database || 'default',
    settings: Object.fromEntries(Object.entries(settings).filter(([key]) => isOfRows(key))),
  };
}

/**
 * How rows are to be read goes with them; how to insert them is our own affair. What names files on
 * the server is left out.
 */
function isOfRows(setting: string): boolean {
  if (/path|schema|template/.test(setting)) return false;
  return /^(?:input_format_|format_|date_time_input_format$)/.test(setting);
}

function spool(options: IngestOptions, target: IngestTarget, bytes: Buffer): IngestAnswer {
  const format = rowFormat(target.format);
  const found = findRows(bytes, format);
  const [head, rows] = format.hasHead ? [found[0], found.slice(1)] : [undefined, found];
  const whole = head ? { ...target, head: `${textOf(bytes, head)}\n` } : target;
  const frames = framesOf(bytes, rows, options.frameBytesMax);
  if (!frames) return refused(413, tooLarge(options.frameBytesMax));
  for (const frame of frames) {
    const refusal = options.offer(ingestKind, { target: whole, rows: frame });
    if (refusal === 'too_large') return refused(413, tooLarge(options.frameBytesMax));
    if (refusal !== undefined) return refused(503, spoolFull);
  }
  return { kind: 'spooled', rowCount: rows.length, byteCount: bytes.length };
}

function textOf(bytes: Buffer, { from, to }: RowRange): string {
  return bytes.toString('utf8', from, to);
}

function tooLarge(bytesMax: number): InsertRefused {
  return new InsertRefused(131, 'TOO_LARGE_STRING_SIZE', `A row is larger than ${bytesMax} bytes`);
}

/** As few frames as hold the rows, each with a line break; undefined when a row is too large. */
function framesOf(
  bytes: Buffer,
  rows: readonly RowRange[],
  bytesMax: number,
): Buffer[] | undefined {
  const frames: Buffer[] = [];
  let parts: Buffer[] = [];
  let byteLength = 0;
  const end = () => {
    if (parts.length > 0) frames.push(Buffer.concat(parts));
    parts = [];
    byteLength = 0;
  };
  for (const { from, to } of rows) {
    const rowBytes = to - from + 1;
    if (rowBytes > bytesMax) return undefined;
    if (byteLength + rowBytes > bytesMax) end();
    parts.push(bytes.subarray(from, to), lineBreak);
    byteLength += rowBytes;
  }
  end();
  return frames;
}

const lineBreak = Buffer.from('\n');
