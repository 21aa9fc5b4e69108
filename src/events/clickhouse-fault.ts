import { isClickhouseError } from './clickhouse.ts';

/**
 * What went wrong between us and ClickHouse, decided once:
 *
 * - `unreachable`: no answer, or none of ClickHouse's. The rows may be in or not: the same token.
 * - `overloaded`: it is up and asks to be left alone for a while.
 * - `setup`: a table, a right or the database is missing; somebody must act.
 * - `refused`: these rows cannot be stored, and none of them was.
 * - `unknown`: any other error. Sent again like the first three, because only a refusal is known to
 *   have stored nothing; to split on a guess could count rows twice.
 */
export type ClickhouseFaultClass = 'unreachable' | 'overloaded' | 'setup' | 'refused' | 'unknown';

export type ClickhouseFault = { class: ClickhouseFaultClass; message: string };

/**
 * Error codes by class. The refusals are errors of parsing and of constraints: with one block per
 * insert they come up before the first row is written.
 */
const classOfCode = new Map<string, ClickhouseFaultClass>();

function classify(faultClass: ClickhouseFaultClass, codes: readonly number[]): void {
  for (const code of codes) classOfCode.set(String(code), faultClass);
}

classify('refused', [
  6, // CANNOT_PARSE_TEXT
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  469, // VIOLATED_CONSTRAINT
  691, // UNKNOWN_ELEMENT_OF_ENUM
]);

classify('overloaded', [
  159, // TIMEOUT_EXCEEDED
  201, // QUOTA_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  285, // TOO_FEW_LIVE_REPLICAS
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  439, // CANNOT_SCHEDULE_TASK
  745, // SERVER_OVERLOADED
]);

classify('setup', [
  16, // NO_SUCH_COLUMN_IN_TABLE
  20, // NUMBER_OF_COLUMNS_DOESNT_MATCH
  47, // UNKNOWN_IDENTIFIER
  60, // UNKNOWN_TABLE
  81, // UNKNOWN_DATABASE
  115, // UNKNOWN_SETTING
  164, // READONLY
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  218, // TABLE_IS_DROPPED
  452, // SETTING_CONSTRAINT_VIOLATION
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
]);

/** Classifies whatever a call of the client threw. */
export function clickhouseFault(error: unknown): ClickhouseFault {
  const message = error instanceof Error ? describe(error) : String(error);
  if (!isClickhouseError(error)) return { class: 'unreachable', message };
  const faultClass = classOfCode.get(error.code) ?? 'unknown';
  return { class: faultClass, message: `${error.type ?? ''} ${error.code}: ${message}`.trim() };
}

/** NO_SUCH_COLUMN_IN_TABLE, NUMBER_OF_COLUMNS_DOESNT_MATCH, UNKNOWN_IDENTIFIER, UNKNOWN_SETTING */
const statementCodes = new Set(['16', '20', '47', '115']);

/** UNKNOWN_TABLE, UNKNOWN_DATABASE, TABLE_IS_DROPPED, ACCESS_DENIED: of one table alone. */
const tableCodes = new Set(['60', '81', '218', '497']);

/** `isOfAll`: the statement is refused, so that no part of its rows can fare better. */
export type ForeignFault = ClickhouseFault & { isOfAll: boolean };

/**
 * The same for a statement that somebody else has made. What we do not know is then a refusal: a
 * wrong column, a table that takes no inserts. It may not come again and again for ever; nor may
 * a table that is missing, unless somebody waits for it.
 */
export function foreignFault(error: unknown, waitsForTables: boolean): ForeignFault {
  const fault = clickhouseFault(error);
  const code = isClickhouseError(error) ? error.code : '';
  const isOfAll = statementCodes.has(code) || (tableCodes.has(code) && !waitsForTables);
  const isRefused = isOfAll || fault.class === 'unknown';
  return { ...fault, isOfAll, class: isRefused ? 'refused' : fault.class };
}

const messageLengthMax = 500;

function describe(error: Error): string {
  const text = error.message || (error as NodeJS.ErrnoException).code || error.name;
  return text.slice(0, messageLengthMax);
}
