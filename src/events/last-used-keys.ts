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

async function* pagesSince(client: Clickhouse, notedAt: number): AsyncGenerator<KeyUse[]> {
  let after = '';
  for (;;) {
    const rows = await read<{ keyId: string; at: string }>(
      client,
      `SELECT key_id AS keyId, toString(max(time)) AS at FROM key_last_used_v1
       WHERE noted_at >= toDateTime({notedAt:UInt32}) AND key_id > {after:String}
       GROUP BY key_id ORDER BY key_id LIMIT ${pageRows}`,
      { notedAt, after },
    );
    if (rows.length === 0) return;
    yield rows.map(({ keyId, at }) => ({ keyId, atMs: Number(at) }));
    after = rows.at(-1)?.keyId as string;
    if (rows.length < pageRows) return;
  }
}

async function read<Row>(
  client: Clickhouse,
  query: string,
  parameters: Record<string, unknown> = {},
): Promise<Row[]> {
  const result = await client.query({ query, format: 'JSONEachRow', query_params: parameters });
  return result.json<Row>();
}
