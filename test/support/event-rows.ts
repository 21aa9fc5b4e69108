import { createClickhouse } from '../../src/events/clickhouse.ts';
import { readMetrics } from './metrics.ts';
import { waitFor } from './wait-for.ts';

/** Waits until ClickHouse has confirmed every event that the server has accepted. */
export async function allInserted(adminUrl: string): Promise<void> {
  await waitFor(
    'all accepted events are inserted',
    async () => {
      const metrics = await readMetrics(adminUrl);
      const accepted = metrics.total('latchkey_events_accepted_total');
      return accepted === metrics.total('latchkey_events_inserted_total');
    },
    20_000,
  );
}

export type EventRow = { requestId: string; outcome: string; keyId: string };

/** Every row of verifications, in no particular order. */
export function readEventRows(clickhouseUrl: string): Promise<EventRow[]> {
  return readRows(
    clickhouseUrl,
    'select request_id as requestId, outcome, key_id as keyId from key_verifications_raw_v1',
  );
}

/** What the query selects. */
export async function readRows<Row>(clickhouseUrl: string, query: string): Promise<Row[]> {
  const client = createClickhouse({
    url: clickhouseUrl,
    requestTimeoutMs: 10_000,
    connectionsMax: 1,
  });
  try {
    const result = await client.query({ query, format: 'JSONEachRow' });
    return await result.json<Row>();
  } finally {
    await client.close();
  }
}
