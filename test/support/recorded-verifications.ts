import assert from 'node:assert/strict';
import { readEventRows, readRows } from './event-rows.ts';
import { readMetrics } from './metrics.ts';
import type { VerificationLoad } from './verification-load.ts';

type Recorded = {
  server: { adminUrl: string };
  clickhouseUrl: string;
  load: VerificationLoad;
  /** Answered, and dropped for want of room. */
  droppedCount?: number;
};

const rollups = ['minute', 'hour', 'day', 'month'].map((unit) => ({
  table: `key_verifications_per_${unit}_v1`,
  column: 'count',
}));
const billable = { table: 'billable_verifications_per_month_v1', column: 'count' };

/**
 * What billing stands on: the rows are the answered verifications, one by one, in the raw table and
 * in every sum. All of them must be inserted already.
 */
export async function assertRecorded(recorded: Recorded): Promise<void> {
  const { server, clickhouseUrl, load, droppedCount = 0 } = recorded;
  const rows = await readEventRows(clickhouseUrl);
  const stored = new Set(rows.map((row) => row.requestId));
  assert.equal(stored.size, rows.length, 'no row is there twice');
  const missing = load.answered.filter((requestId) => !stored.has(requestId));
  assert.equal(missing.length, droppedCount, `missing: ${missing.slice(0, 5)}`);
  const extraCount = rows.length - (load.answered.length - missing.length);
  assert.ok(
    extraCount <= load.unansweredCount,
    `${extraCount} more rows than answers, ${load.unansweredCount} requests without one`,
  );
  for (const { table, column } of [...rollups, billable]) {
    const query = `select toUInt32(sum(${column})) as n from ${table}`;
    const [sum] = await readRows<{ n: number }>(clickhouseUrl, query);
    assert.equal(Number(sum?.n), rows.length, table);
  }
  await assertBalanced(server.adminUrl, rows.length, droppedCount);
}

/** accepted = inserted + spooled + quarantined + dropped, as Prometheus reads it. */
async function assertBalanced(adminUrl: string, rowCount: number, droppedCount: number) {
  const metrics = await readMetrics(adminUrl);
  const of = (name: string) => metrics.total(`latchkey_${name}`);
  assert.equal(of('events_inserted_total'), rowCount);
  assert.equal(of('spool_events'), 0);
  assert.equal(of('events_quarantined_total'), 0);
  assert.equal(of('events_dropped_total'), droppedCount);
  assert.equal(of('events_accepted_total'), rowCount + droppedCount);
}
