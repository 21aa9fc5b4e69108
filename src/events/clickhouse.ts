/**
 * The connection to ClickHouse. What the server must be told with every insert, so that a batch
 * which is sent again counts once, stands here.
 */
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type * as library from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseError } from '@clickhouse/client';

export type Clickhouse = ClickHouseClient;

/** Loaded by who first asks: it takes a process 40 ms, and a start asks nothing. */
const require = createRequire(import.meta.url);
const load = (): typeof library => require('@clickhouse/client');

export type ClickhouseOptions = {
  /** `http[s]://user:password@host:port/database`. */
  url: string;
  requestTimeoutMs: number;
  /** Sockets to the server. */
  connectionsMax: number;
};

/** Opens no connection yet. Close it with `close()`. */
export function createClickhouse(options: ClickhouseOptions): Clickhouse {
  const { ClickHouseLogLevel, createClient } = load();
  return createClient({
    url: options.url,
    application: 'latchkey',
    request_timeout: options.requestTimeoutMs,
    max_open_connections: options.connectionsMax,
    keep_alive: { enabled: true },
    compression: { request: { codec: 'zstd', level: 1 } },
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** An answer of ClickHouse's, in contrast to none. */
export function isClickhouseError(error: unknown): error is ClickHouseError {
  return error instanceof load().ClickHouseError;
}

export type RowsInsert = {
  /** `INSERT INTO … FORMAT …`. */
  statement: string;
  settings: Readonly<Record<string, string>>;
  /** In that format. */
  rows: Buffer;
  /** Tells the server which inserts are the same. */
  token: string;
};

/**
 * Inserts the rows as one block and waits until the server has confirmed it. Throws what
 * `clickhouseFault` classifies. `rows` may be reused after it returns, but not after it throws: the
 * compressor may still be reading.
 */
export async function insertRows(client: Clickhouse, insert: RowsInsert): Promise<void> {
  const result = await client.exec({
    query: insert.statement,
    values: Readable.from([insert.rows], { objectMode: false }),
    clickhouse_settings: {
      ...insert.settings,
      insert_deduplicate: 1,
      insert_deduplication_token: insert.token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      // Rows of one insert are added up already: to merge them once more took half of the time.
      optimize_on_insert: 0,
      // On a cluster: answered when the shards have the rows.
      distributed_foreground_insert: 1,
      // Recent servers answer before the rows are stored, unless told not to.
      async_insert: 0,
      wait_end_of_query: 1,
      // One block: the token names an insert as a whole only then.
      max_insert_block_size: '10000000',
      min_insert_block_size_rows: '10000000',
      min_insert_block_size_bytes: '1000000000',
      input_format_parallel_parsing: 0,
      max_partitions_per_insert_block: '0',
    },
  });
  result.stream.resume();
  await finished(result.stream);
}

export type Question = {
  /** One statement, as it is. */
  sql: string;
  /** Of the answer: `JSONEachRow`, … */
  format: string;
  settings: Readonly<Record<string, string | number>>;
  signal: AbortSignal;
};

/** The answer as it comes. Throws, then or later, what `clickhouseFault` classifies. */
export async function askClickhouse(
  client: Clickhouse,
  { sql, format, settings, signal }: Question,
): Promise<AsyncIterable<Buffer>> {
  const { stream } = await client.exec({
    query: sql,
    clickhouse_settings: settings,
    http_headers: { 'X-ClickHouse-Format': format },
    abort_signal: signal,
  });
  return stream;
}
