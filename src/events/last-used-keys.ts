import type { Clickhouse } from './clickhouse.ts';

export type KeyUse = { keyId: string; atMs: number };

/** Keys asked for at a time: a question costs ClickHouse as much as thousands of them. */
const pageRows = 10_000;
/**
 * Keys handed on at a time. To store so many takes our thread a millisecond or two, and as long as
 * that the changes of keys wait, which it follows as well.
 */
const pieceRows = 500;
/** An insert is seen later than the instant that it notes: by so much at most. */
const insertSecondsMax = 120;

/**
 * The last use of each key that was noted since `notedAt`, an instant of the server's clock in Unix
 * seconds, 0 for all; and from where to read next time. What is read again then does no harm.
 */
export async function readLastUsedKeys(
  client: Clickhouse,
  notedAt: number,
): Promise<{ pages: AsyncIterable<KeyUse[]>; notedUntil: number }> {
  const query = "SELECT toUnixTimestamp(now('UTC')) AS now";
  const clock = await client.query({ query, format: 'JSONEachRow' });
  const [row] = await clock.json<{ now: number }>();
  const notedUntil = Math.max(notedAt, (row?.now ?? 0) - insertSecondsMax);
  return { pages: pagesSince(client, notedAt), notedUntil };
}

type Row = { workspaceId: string; keyspaceId: string; keyId: string; at: string };

/**
 * In the order of the table, so that ClickHouse begins to read where the last page ended and stops
 * when this one is full. It does not look into a comparison of tuples for that. With one thread:
 * with more it reads further than it has to, for half as much time again.
 */
async function* pagesSince(client: Clickhouse, notedAt: number): AsyncGenerator<KeyUse[]> {
  let [workspaceId, keyspaceId, keyId] = ['', '', ''];
  for (;;) {
    let [count, last]: [number, Row | undefined] = [0, undefined];
    const pieces = readPage(client, { notedAt, workspaceId, keyspaceId, keyId });
    for await (const rows of pieces) {
      yield rows.map((row) => ({ keyId: row.keyId, atMs: Number(row.at) }));
      count += rows.length;
      last = rows.at(-1);
    }
    if (!last || count < pageRows) return;
    ({ workspaceId, keyspaceId, keyId } = last);
  }
}

const pageQuery = `
  SELECT workspace_id AS workspaceId, key_space_id AS keyspaceId, key_id AS keyId,
    toString(max(time)) AS at
  FROM key_last_used_v1
  WHERE noted_at >= toDateTime({notedAt:UInt32})
    AND (workspace_id > {workspaceId:String} OR workspace_id = {workspaceId:String}
      AND (key_space_id > {keyspaceId:String} OR key_space_id = {keyspaceId:String}
        AND key_id > {keyId:String}))
  GROUP BY workspace_id, key_space_id, key_id
  ORDER BY workspace_id, key_space_id, key_id LIMIT ${pageRows}
  SETTINGS optimize_aggregation_in_order = 1, max_threads = 1`;

/** A page's rows as they come, some at a time. */
async function* readPage(
  client: Clickhouse,
  parameters: Record<string, unknown>,
): AsyncGenerator<Row[]> {
  const format = 'JSONEachRow';
  const result = await client.query({ query: pageQuery, format, query_params: parameters });
  for await (const rows of result.stream<Row>()) {
    for (let start = 0; start < rows.length; start += pieceRows) {
      yield rows.slice(start, start + pieceRows).map((row) => row.json());
    }
  }
}
