/**
 * Inserts of services around us: checked, spooled, and answered only then. What is spooled goes to
 * ClickHouse in large batches, whoever sent it. A body that fits into one segment is taken whole or
 * not at all; of a larger one a part may be kept when the spool fills up in between, and comes
 * twice when the caller sends it again.
 */
import type { IngestAccess } from './ingest-access.ts';
import { type IngestEvent, type IngestTarget, targetText } from './ingest-kind.ts';
import { InsertRefused, parseInsert } from './insert-statement.ts';
import { findRows, rowFormat } from './row-format.ts';
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

type Offer = (event: IngestEvent) => DropReason | undefined;

export type IngestOptions = {
  access: IngestAccess;
  /** Undefined when the event is in the spool; nothing is counted as dropped. */
  offer: Offer;
  /** Ends the segment: what is offered next stands in another one. */
  seal(): Promise<void>;
  /** Rows that are spooled together are no more bytes than this. */
  frameBytesMax: number;
};

export type Ingest = {
  /** To ask before any work is done for a body. */
  knows: IngestAccess['knows'];
  take(request: IngestRequest): IngestAnswer;
  /** Resolves when all that was taken by now can be shipped. */
  seal(): Promise<void>;
};

export function createIngest({ access, offer, seal, frameBytesMax }: IngestOptions): Ingest {
  const limited = limitTargets(offer, seal);
  return {
    knows: access.knows,
    seal,
    take(request) {
      if (!access.knows(request.user, request.password)) return refused(403, unknownUser);
      try {
        return take({ access, offer: limited, frameBytesMax }, request);
      } catch (error) {
        if (!(error instanceof InsertRefused)) throw error;
        return refused(statusOf(error), error);
      }
    },
  };
}

function statusOf({ code }: InsertRefused): 400 | 403 | 413 {
  if (code === 497) return 403;
  return code === 131 ? 413 : 400;
}

/**
 * Each target of a batch is an insert of its own, and has its place in the ledger: a segment holds
 * rows for so many.
 */
const targetsMax = 64;

function limitTargets(offer: Offer, seal: IngestOptions['seal']): Offer {
  const targets = new Set<string>();
  return (event) => {
    const text = targetText(event.target);
    if (!targets.has(text) && targets.size === targetsMax) {
      void seal();
      targets.clear();
    }
    targets.add(text);
    return offer(event);
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

type Taking = Omit<IngestOptions, 'seal'>;

function take(options: Taking, request: IngestRequest): IngestAnswer {
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
    settings: settingsOfRows(settings),
  };
}

/** How a value is to be read. */
const valueSettings = [
  /^date_time_input_format$/,
  /^format_(?:csv_delimiter|csv_null_representation|tsv_null_representation)$/,
  /^input_format_(?:null_as_default|defaults_for_omitted_fields|skip_unknown_fields)$/,
  /^input_format_(?:force_null_for_omitted_fields|import_nested_json)$/,
  /^input_format_ipv[46]_default_on_conversion_error$/,
  /^input_format_(?:json|try_infer)_\w+$/,
  /^input_format_[ct]sv_(?:empty_as_default|enum_as_number|allow_variable_number_of_columns)$/,
  /^input_format_csv_(?:arrays_as_nested_csv|deserialize_separate_columns_into_tuple)$/,
];

/**
 * How a value is read goes with the rows. Where a row begins and ends, and what becomes of a bad
 * one, is the same for all of them: whoever wants that otherwise is told. How to insert them is our
 * own affair.
 */
function settingsOfRows(settings: Readonly<Record<string, string>>): Record<string, string> {
  const ofRows = Object.entries(settings).filter(([name]) =>
    /^(?:input_)?format_|^date_/.test(name),
  );
  for (const [name, value] of ofRows) {
    const isKnown = valueSettings.some((form) => form.test(name));
    if (isKnown && /^[\x20-\x7e]{0,64}$/.test(value)) continue;
    const why = 'rows of many inserts are put together';
    const message = `Setting ${name} cannot be set here, or not to this: ${why}`;
    throw new InsertRefused(452, 'SETTING_CONSTRAINT_VIOLATION', message);
  }
  return Object.fromEntries(ofRows);
}

function spool(options: Taking, target: IngestTarget, bytes: Buffer): IngestAnswer {
  const packing = packRows(bytes, target, options.frameBytesMax);
  for (const rows of packing.frames) {
    const refusal = options.offer({ target: { ...target, head: packing.head }, rows });
    if (refusal === 'too_large') return refused(413, tooLarge(options.frameBytesMax));
    if (refusal !== undefined) return refused(503, spoolFull);
  }
  return { kind: 'spooled', rowCount: packing.rowCount, byteCount: bytes.length };
}

type Packing = { head: string; frames: Buffer[]; rowCount: number };

const lineFeed = 10;

/** As few frames as hold the rows, each row with a line break. */
function packRows(bytes: Buffer, target: IngestTarget, frameBytesMax: number): Packing {
  const format = rowFormat(target.format);
  const packing: Packing = { head: '', frames: [], rowCount: 0 };
  let isHeadNext = format.hasHead;
  // Rows of two bytes with nothing between them, `{}{}`, grow most.
  const frameBytes = Math.min(frameBytesMax, Math.ceil(bytes.length * 1.5) + 1);
  let frame = Buffer.allocUnsafe(frameBytes);
  let byteLength = 0;
  const end = () => {
    if (byteLength > 0) packing.frames.push(frame.subarray(0, byteLength));
    byteLength = 0;
  };
  findRows(bytes, { format, delimiter: delimiterOf(target) }, (from, to) => {
    if (isHeadNext) {
      isHeadNext = false;
      packing.head = headOf(bytes, from, to);
      return;
    }
    const rowBytes = to - from + 1;
    if (rowBytes > frameBytesMax) throw tooLarge(frameBytesMax);
    if (byteLength + rowBytes > frameBytes) {
      end();
      frame = Buffer.allocUnsafe(frameBytes);
    }
    byteLength += bytes.copy(frame, byteLength, from, to);
    byteLength = frame.writeUInt8(lineFeed, byteLength);
    packing.rowCount += 1;
  });
  end();
  return packing;
}

/** It goes with every piece of rows. */
const namesBytesMax = 65_536;

function headOf(bytes: Buffer, from: number, to: number): string {
  if (to - from > namesBytesMax) throw tooLarge(namesBytesMax);
  return `${bytes.toString('utf8', from, to)}\n`;
}

function delimiterOf({ settings }: IngestTarget): number | undefined {
  const delimiter = settings.format_csv_delimiter;
  if (delimiter === undefined) return undefined;
  if (/^[!#-&(-~]$/.test(delimiter)) return delimiter.charCodeAt(0);
  throw new InsertRefused(36, 'BAD_ARGUMENTS', 'format_csv_delimiter is a visible character');
}

function tooLarge(bytesMax: number): InsertRefused {
  return new InsertRefused(131, 'TOO_LARGE_STRING_SIZE', `A row is larger than ${bytesMax} bytes`);
}
