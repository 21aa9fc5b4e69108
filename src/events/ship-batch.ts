/**
 * One batch from the ledger to its end: tried until every piece is in ClickHouse or in quarantine,
 * then counted, then its files removed. The order of the commits is what makes the counts exact; it
 * stands in `ledger.ts`.
 */
import { type Backoff, createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/logger.ts';
import { type Batch, isFinished, splitRefused } from './batch.ts';
import type { BatchPool } from './batch-pool.ts';
import type { BatchFault, BatchReport, BatchWork } from './batch-task.ts';
import type { Ledger } from './ledger.ts';
import { moveToQuarantine, removeSegment, type SpoolFolder } from './spool-folder.ts';
import type { WakeUp } from './wake-up.ts';

/** Beside the task's faults: `pool`, when its thread died; `ledger`, when it cannot be written. */
export type ShipFault = { class: BatchFault['class'] | 'pool' | 'ledger'; message: string };

export type BatchShipping = {
  folder: SpoolFolder;
  ledger: Ledger;
  pool: BatchPool;
  logger: Logger;
  clickhouse: BatchWork['clickhouse'];
  node: BatchWork['node'];
  /** Aborted when a stop has waited long enough. */
  signal: AbortSignal;
  /** Woken by a stop. */
  pause: WakeUp;
  /** Batches that wait for a table of somebody's: no more than `waitingMax`. */
  waiting: Set<Batch>;
  waitingMax: number;
  isStopping: () => boolean;
  onFault(fault: ShipFault): void;
};

const firstRetryMs = 100;
const retryLimitMs = 10_000;

/** Returns when the batch is settled, or when the shipper stops. */
export async function shipBatch(shipping: BatchShipping, batch: Batch): Promise<void> {
  const backoff = createBackoff(firstRetryMs, retryLimitMs);
  let isDurable = false;
  let waitsForTables = true;
  try {
    while (!shipping.isStopping()) {
      // Before the first try, so that every later one, after any crash, sends the same rows.
      const fault = isDurable
        ? await tryBatch(shipping, batch, waitsForTables)
        : await commit(shipping);
      if (fault === 'settled') return;
      if (fault?.class === 'setup') waitsForTables = mayWait(shipping, batch);
      if (fault) await backOff(shipping, backoff, fault);
      else {
        isDurable = true;
        backoff.reset();
      }
    }
  } finally {
    shipping.waiting.delete(batch);
  }
}

/** Some lanes must be left for those whose tables are there. */
function mayWait({ waiting, waitingMax }: BatchShipping, batch: Batch): boolean {
  if (waiting.size < waitingMax) waiting.add(batch);
  return waiting.has(batch);
}

async function commit(shipping: BatchShipping): Promise<ShipFault | undefined> {
  try {
    await shipping.ledger.commit();
    return undefined;
  } catch (error) {
    return { class: 'ledger', message: (error as Error).message };
  }
}

/** Undefined when a step was made and another is to follow at once. */
async function tryBatch(
  shipping: BatchShipping,
  batch: Batch,
  waitsForTables: boolean,
): Promise<ShipFault | 'settled' | undefined> {
  const report = await runTask(shipping, batch, waitsForTables);
  if ('class' in report) return report;
  takeReport(shipping, batch, report);
  if (isFinished(batch)) return settle(shipping, batch, report);
  // A half may be sent only after it is sure that the whole will not be sent again.
  return (await commit(shipping)) ?? report.fault;
}

async function runTask(
  shipping: BatchShipping,
  batch: Batch,
  waitsForTables: boolean,
): Promise<BatchReport | ShipFault> {
  const { folder, pool, clickhouse, node, signal } = shipping;
  const { id, segments, pieces } = batch;
  try {
    return await pool.run(
      { batchId: id, folder: folder.path, segments, pieces, waitsForTables, clickhouse, node },
      signal,
    );
  } catch (error) {
    return { class: 'pool', message: (error as Error).message };
  }
}

function takeReport(shipping: BatchShipping, batch: Batch, report: BatchReport): void {
  shipping.ledger.state.insertCount += report.insertCount;
  if (report.pieces) batch.pieces = report.pieces;
  if (report.refusal === undefined) return;
  const fields = { batch: batch.id, reason: report.refusal };
  shipping.logger.warn(fields, 'ClickHouse refused rows; the bad ones go to quarantine');
  shipping.onFault({ class: 'refused', message: report.refusal });
  splitRefused(batch);
}

async function settle(
  shipping: BatchShipping,
  batch: Batch,
  report: BatchReport,
): Promise<ShipFault | 'settled'> {
  const { state } = shipping.ledger;
  if (state.batches.includes(batch)) count(shipping, batch, report);
  const fault = await commit(shipping);
  if (fault) return fault;
  await removeSettled(shipping.folder, shipping.ledger, batch.id);
  return 'settled';
}

function count(shipping: BatchShipping, batch: Batch, report: BatchReport): void {
  const { state } = shipping.ledger;
  const pieces = batch.pieces ?? [];
  const insertedRows = pieces.reduce((sum, piece) => sum + piece.insertedRows, 0);
  const overflowRows = pieces.reduce((sum, piece) => sum + piece.droppedRows, 0);
  const quarantine = report.damaged.map((segment) => segment.name);
  state.takenRows += batch.rowCount;
  state.insertedRows += insertedRows;
  state.lostRows += report.lostRows;
  state.overflowRows += overflowRows;
  state.quarantinedRows += batch.rowCount - insertedRows - report.lostRows - overflowRows;
  state.quarantinedSegments += quarantine.length;
  state.batches.splice(state.batches.indexOf(batch), 1);
  const remove = batch.segments.filter((name) => !quarantine.includes(name));
  state.settled.push({ id: batch.id, remove, quarantine });
  if (overflowRows > 0) {
    shipping.logger.error({ rows: overflowRows }, 'quarantine is full: refused rows were dropped');
  }
  if (quarantine.length === 0) return;
  shipping.logger.error({ segments: quarantine }, 'damaged segments were put into quarantine');
}

/**
 * Removes the files of what was counted, once that is durable: of one batch, or of all at a start.
 * That they are gone is written with the next commit. One takes a millisecond where blocks are
 * discarded, and a batch has up to 128: another thread removes them.
 */
export async function removeSettled(
  folder: SpoolFolder,
  ledger: Ledger,
  id?: string,
): Promise<void> {
  const { settled } = ledger.state;
  for (const entry of settled.filter((each) => id === undefined || each.id === id)) {
    for (const name of entry.quarantine) await moveToQuarantine(folder, name);
    for (const name of entry.remove) await removeSegment(folder, name);
    settled.splice(settled.indexOf(entry), 1);
  }
}

async function backOff(shipping: BatchShipping, backoff: Backoff, fault: ShipFault): Promise<void> {
  if (shipping.isStopping()) return;
  const waitMs = backoff.nextMs();
  shipping.onFault(fault);
  const fields = { fault: fault.class, reason: fault.message, waitMs };
  if (fault.class === 'unreachable' || fault.class === 'overloaded') {
    shipping.logger.warn(fields, 'ClickHouse takes no rows now; events stay in the spool');
  } else {
    shipping.logger.error(fields, 'events cannot be inserted; they stay in the spool');
  }
  await shipping.pause.wait(waitMs);
}
