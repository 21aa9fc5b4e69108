import type { Clickhouse } from './clickhouse.ts';

export type KeyUse = { keyId: string; atMs: number };

/** Keys read at a time. */
const pageRows = 10_000;
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
  const [row] = await read<{ now: number }>(client, "SELECT toUnixTimestamp(now('UTC')) AS now");
  const notedUntil = Math.max(notedAt, (row?.now ?? 0) - insertSecondsMax);
  return { pages: pagesSince(client, notedAt), notedUntil };
}

type Row = { workspaceId: string; keyspaceId: string; keyId: string; at: string };

/**
 * In the order of the table, so that ClickHouse begins to read where the last page ended and stops
 * when this one is full. It does not look into a comparison of tuples for that.
 */
async function* pagesSince(client: Clickhouse, notedAt: number): AsyncGenerator<KeyUse[]> {
  let [workspaceId, keyspaceId, keyId] = ['', '', ''];
  for (;;) {
    const rows: Row[] = await read<Row>(
      client,
      `SELECT workspace_id AS workspaceId, key_space_id AS keyspaceId, key_id AS keyId,
         toString(max(time)) AS at
       FROM key_last_used_v1
       WHERE noted_at >= toDateTime({notedAt:UInt32})
         AND (workspace_id > {workspaceId:String} OR workspace_id = {workspaceId:String}
           AND (key_space_id > {keyspaceId:String} OR key_space_id = {keyspaceId:String}
             AND key_id > {keyId:String}))
       GROUP BY workspace_id, key_space_id, key_id
       ORDER BY workspace_id, key_space_id, key_id LIMIT ${pageRows}
       SETTINGS optimize_aggregation_in_order = 1`,
      { notedAt, workspaceId, keyspaceId, keyId },
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => ({ keyId: row.keyId, atMs: Number(row.at) }));
    if (rows.length < pageRows) return;
    ({ workspaceId, keyspaceId, keyId } = last);
  }
}

async function read<T>(
  client: Clickhouse,
  query: string,
  parameters: Record<string, unknown> = {},
): Promise<T[]> {
  const result = await client.query({ query, format: 'JSONEachRow', query_params: parameters });
  return result.json<T>();
}
