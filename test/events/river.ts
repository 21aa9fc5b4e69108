/** The events river as the processes put it together, over a temporary folder. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultRetention, type Retention } from '../../src/domain/retention.ts';
import { type BatchPool, createBatchPool } from '../../src/events/batch-pool.ts';
import { type Clickhouse, createClickhouse } from '../../src/events/clickhouse.ts';
import { type Ledger, openLedger } from '../../src/events/ledger.ts';
import { migrateClickhouse } from '../../src/events/migrate-clickhouse.ts';
import { createShipper, type Shipper, type ShipperOptions } from '../../src/events/shipper.ts';
import type { ShipperTotals } from '../../src/events/shipper-totals.ts';
import { openSpoolCounters, type SpoolCounters } from '../../src/events/spool-counters.ts';
import { openSpoolFolder, type SpoolFolder } from '../../src/events/spool-folder.ts';
import {
  createSpoolWriter,
  type SpoolWriter,
  type SpoolWriterOptions,
} from '../../src/events/spool-writer.ts';
import { silentLogger } from '../../src/lib/logger.ts';

export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-events-'));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** The events of tests happened once and for all: their rows must outlive every clock. */
export const endlessRetention = Object.fromEntries(
  Object.keys(defaultRetention).map((name) => [name, 10_000]),
) as Retention;

export function makeTables(client: Clickhouse): Promise<number[]> {
  return migrateClickhouse(client, { retention: endlessRetention });
}

export type TestSpool = {
  folder: SpoolFolder;
  counters: SpoolCounters;
  writer(changes?: Partial<SpoolWriterOptions>): SpoolWriter;
  close(): void;
};

export function testSpool(path: string): TestSpool {
  const folder = openSpoolFolder(path);
  const counters = openSpoolCounters(path);
  return {
    folder,
    counters,
    writer: (changes = {}) =>
      createSpoolWriter({
        folder: path,
        owner: 'w1',
        segmentBytes: 64 * 1024,
        segmentAgeMs: 60_000,
        spoolBytesMax: 2 ** 30,
        clock: Date.now,
        counters,
        ...changes,
      }),
    close: () => counters.close(),
  };
}

export type TestPrimary = {
  shipper: Shipper;
  ledger: Ledger;
  pool: BatchPool;
  /** Stops as a primary does that is asked to; 0 ms of grace is as near to a crash as it gets. */
  stop(graceMs?: number): Promise<void>;
};

export async function startPrimary(
  spool: TestSpool,
  url: string,
  changes: Partial<ShipperOptions> = {},
): Promise<TestPrimary> {
  const ledger = openLedger(spool.folder.path);
  const pool = createBatchPool(1);
  const shipper = createShipper({
    folder: spool.folder,
    counters: spool.counters,
    ledger,
    pool,
    logger: silentLogger,
    clock: Date.now,
    limits: { rowsMax: 100_000, segmentsMax: 500, ageMs: 100 },
    scanMs: 50,
    laneCount: 1,
    clickhouse: { url, requestTimeoutMs: 10_000 },
    ready: Promise.resolve(),
    node: { region: 'test' },
    ...changes,
  });
  await shipper.start();
  return {
    shipper,
    ledger,
    pool,
    async stop(graceMs = 5000) {
      await shipper.stop(graceMs);
      await pool.close();
      await ledger.close();
    },
  };
}

/** The sentence that every test of this part checks at its quiet moments. */
export function assertBalanced(totals: ShipperTotals): void {
  const dropped = Object.values(totals.droppedRows).reduce((sum, count) => sum + count, 0);
  const known = totals.insertedRows + totals.quarantinedRows + totals.spooledRows + dropped;
  assert.equal(totals.acceptedRows, known, JSON.stringify(totals));
}

/** The request ids in the raw table, sorted; an id that was inserted twice is there twice. */
export async function storedIds(client: Clickhouse): Promise<string[]> {
  const result = await client.query({
    query: 'SELECT request_id FROM key_verifications_raw_v1 ORDER BY request_id',
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ request_id: string }>();
  return rows.map((row) => row.request_id);
}

export function clientOf(url: string): Clickhouse {
  return createClickhouse({ url, requestTimeoutMs: 10_000, connectionsMax: 2 });
}

/** Rows that stand in quarantine files. */
export function quarantinedRows(folder: SpoolFolder): { reason: string; fields: unknown[] }[] {
  const names = readdirSync(folder.quarantine).filter((name) => name.endsWith('.jsonl'));
  return names.flatMap((name) =>
    readFileSync(join(folder.quarantine, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}
