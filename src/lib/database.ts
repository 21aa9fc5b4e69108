/**
 * The one place that opens PostgreSQL connections, and the one that judges their errors: callers
 * branch on the class of a failure, never on its text.
 */
import type postgres from 'postgres';
import { postgresDriver } from './postgres-driver.ts';

export type Database = postgres.Sql;
export type Transaction = postgres.TransactionSql;
/** A connection pool or a transaction: whatever statements can be sent to. */
export type Queryable = postgres.ISql;

export type DatabaseOptions = {
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Seconds of idleness after which a connection is closed; 0 keeps it. */
  idleSeconds?: number;
};

/** Connections are opened on first use; bigint comes back as a JavaScript number. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  return postgresDriver(url, {
    max: options.connectionsMax,
    idle_timeout: options.idleSeconds ?? 0,
    connect_timeout: 5,
    backoff: () => 0.2,
    connection: { application_name: options.applicationName },
    // Every bigint here is a millisecond instant or a count below 2^53.
    types: { bigint: { ...postgresDriver.BigInt, parse: Number, serialize: String } },
    onnotice() {},
  });
}

/**
 * - `unreachable`: no connection, or it broke, or the server is starting or stopping. Try again.
 * - `conflict`: lost a race with another transaction. Run the same transaction again.
 * - `unprepared`: the schema is missing or older than this program. Wait for a migration.
 * - `refused`: wrong password, missing rights, no such database. A person must act.
 * - `duplicate`: a unique key exists already.
 * - `unstorable`: a text, or a string in JSON, holds U+0000, which PostgreSQL cannot keep.
 * - `other`: anything else: a defect of ours, or of the server.
 */
export type DatabaseFailure =
  | 'unreachable'
  | 'conflict'
  | 'unprepared'
  | 'refused'
  | 'duplicate'
  | 'unstorable'
  | 'other';

const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECTION_CONNECT_TIMEOUT',
]);

export function classifyDatabaseError(error: unknown): DatabaseFailure {
  const code = codeOf(error);
  if (unreachableCodes.has(code)) return 'unreachable';
  if (code === '40001' || code === '40P01' || code === '55P03') return 'conflict';
  if (code === '42P01' || code === '3F000' || code === '42703' || code === '42883') {
    return 'unprepared';
  }
  if (code === '23505') return 'duplicate';
  if (code === '22021' || code === '22P05') return 'unstorable';
  if (code.startsWith('28') || code === '42501' || code === '3D000') return 'refused';
  const isGone = code.startsWith('08') || code.startsWith('57P') || code === '25006';
  return isGone || code.startsWith('53') ? 'unreachable' : 'other';
}

/** Its own code, or that of the error behind it: of its cause, or of the first of several. */
function codeOf(error: unknown): string {
  const behind = error instanceof AggregateError ? error.errors[0] : (error as Error | null)?.cause;
  for (const one of [error, behind]) {
    const code = (one as { code?: unknown } | null | undefined)?.code;
    if (typeof code === 'string') return code;
  }
  return '';
}

/** The name of the violated constraint, empty when the error is not about one. */
export function constraintOf(error: unknown): string {
  const name = (error as { constraint_name?: unknown } | null)?.constraint_name;
  return typeof name === 'string' ? name : '';
}
