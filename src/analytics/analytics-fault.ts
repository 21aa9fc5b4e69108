/** What ClickHouse says about a customer's query, in the words of the error catalogue. */

import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { clickhouseFault } from '../events/clickhouse-fault.ts';
import { invalidFunction, invalidQuery, invalidTable } from './query-rules.ts';

export const memoryExceeded = fault(
  'user/unprocessable_entity/query_memory_limit_exceeded',
  'The query needs more memory than it may use, or its result is larger than 4 MiB.',
);
const timeExceeded = fault(
  'user/unprocessable_entity/query_execution_timeout',
  'The query takes longer than it may. Narrow its range of time, or use a coarser table.',
);
const rowsExceeded = fault(
  'user/unprocessable_entity/query_rows_limit_exceeded',
  'The query reads more rows than it may. Narrow its range of time, or use a coarser table.',
);
const notConfigured = fault(
  'unkey/data/analytics_not_configured',
  'Analytics are not set up: the views or the user for queries are missing in ClickHouse.',
);
export const unreachable = fault(
  'unkey/data/analytics_connection_failed',
  'ClickHouse cannot be asked right now. Verification goes on; try this query again.',
);

/** By ClickHouse's number of the error. */
const byCode = new Map<number, RequestFault | ((message: string) => RequestFault)>([
  [46, (message) => invalidFunction(message)], // UNKNOWN_FUNCTION
  [63, (message) => invalidFunction(message)], // UNKNOWN_AGGREGATE_FUNCTION
  [47, (message) => invalidQuery(`Unknown identifier: ${message}`)], // UNKNOWN_IDENTIFIER
  [60, () => invalidTable('The query names a table that cannot be queried here.')], // UNKNOWN_TABLE
  [81, notConfigured], // UNKNOWN_DATABASE
  [158, rowsExceeded], // TOO_MANY_ROWS
  [307, rowsExceeded], // TOO_MANY_BYTES
  [396, rowsExceeded], // TOO_MANY_ROWS_OR_BYTES
  [159, timeExceeded], // TIMEOUT_EXCEEDED
  [160, timeExceeded], // TOO_SLOW
  [241, memoryExceeded], // MEMORY_LIMIT_EXCEEDED
  [164, () => invalidQuery('SETTINGS are not allowed.')], // READONLY
  [192, notConfigured], // UNKNOWN_USER
  [193, notConfigured], // WRONG_PASSWORD
  [194, notConfigured], // REQUIRED_PASSWORD
  [202, unreachable], // TOO_MANY_SIMULTANEOUS_QUERIES
  [497, () => invalidTable('The query asks for more than may be queried here.')], // ACCESS_DENIED
  [516, notConfigured], // AUTHENTICATION_FAILED
]);

/** `publicDatabase` is cut out of what the caller reads: the names in it are known without it. */
export function analyticsFault(error: unknown, publicDatabase: string): RequestFault {
  const { class: faultClass, message } = clickhouseFault(error);
  if (faultClass === 'unreachable') return unreachable;
  const known = byCode.get(Number((error as { code?: unknown }).code));
  if (typeof known === 'object') return known;
  const words = forCallers(message, publicDatabase);
  return known ? known(words) : invalidQuery(words);
}

const messageLengthMax = 300;

/** The first sentence, without codes, ids, scopes and hints that name what others have. */
function forCallers(message: string, publicDatabase: string): string {
  return message
    .replace(/^[A-Z_]+ \d+: /, '')
    .replaceAll(/ \([0-9a-f-]{36}\)/g, '')
    .replaceAll(`${publicDatabase}.`, '')
    .replaceAll(`\`${publicDatabase}\`.`, '')
    .split(/(?:: )?(?:In scope|While |Maybe you meant|Expected one of|Stack trace|\(version )/i, 1)
    .join('')
    .slice(0, messageLengthMax)
    .trim();
}
