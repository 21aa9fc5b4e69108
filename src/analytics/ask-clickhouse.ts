/** One question to ClickHouse on behalf of a customer, with everything that bounds it. */
import { askClickhouse, type Clickhouse } from '../events/clickhouse.ts';

export type QueryLimits = {
  executionSeconds: number;
  memoryBytes: number;
  rowsRead: number;
  /** Rows of the result; more are cut off. */
  resultRows: number;
  /** Of the result as JSON. */
  resultBytes: number;
};

export const defaultLimits: QueryLimits = {
  executionSeconds: 10,
  memoryBytes: 1_000_000_000,
  rowsRead: 1_000_000_000,
  resultRows: 10_000,
  resultBytes: 4 * 1024 * 1024,
};

export type Question = {
  /** A statement in ClickHouse's SQL, as it is. */
  sql: string;
  format: 'JSONEachRow' | 'JSONCompactEachRowWithNames';
  /** The views show this workspace's rows. */
  workspaceId: string;
  /** Conditions on tables, by `database.table`. */
  filters: Readonly<Record<string, string>>;
  limits: QueryLimits;
};

/** The answer is longer than it may be; the rest of it was not read. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/** Resolves with the lines of the answer. Throws what `clickhouseFault` classifies. */
export async function ask(client: Clickhouse, question: Question): Promise<string[]> {
  const { sql, format, limits } = question;
  const stopping = new AbortController();
  const settings = settingsFor(question);
  const { signal } = stopping;
  const stream = await askClickhouse(client, { sql, format, settings, signal });
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of stream) {
    byteLength += chunk.length;
    if (byteLength > limits.resultBytes) {
      stopping.abort();
      throw new AnswerTooLong();
    }
    chunks.push(chunk);
  }
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return lines.filter((line) => line !== '');
}

function settingsFor({ workspaceId, filters, limits }: Question): Record<string, string | number> {
  return {
    readonly: '1',
    log_comment: workspaceId,
    additional_table_filters: mapLiteral(filters),
    session_timezone: 'UTC',
    max_execution_time: limits.executionSeconds,
    timeout_overflow_mode: 'throw',
    max_memory_usage: String(limits.memoryBytes),
    max_rows_to_read: String(limits.rowsRead),
    read_overflow_mode: 'throw',
    limit: String(limits.resultRows),
    // An error in the middle of the rows would otherwise come after a 200.
    wait_end_of_query: 1,
    http_response_buffer_size: String(limits.resultBytes),
    cancel_http_readonly_queries_on_client_close: 1,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_denormals: 0,
    date_time_output_format: 'iso',
  };
}

/** A map of ClickHouse as text: `{'key':'value'}`. */
function mapLiteral(map: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(map).map(
    ([key, value]) => `${stringLiteral(key)}:${stringLiteral(value)}`,
  );
  return `{${pairs.join(',')}}`;
}

export function stringLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
