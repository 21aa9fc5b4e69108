/** A spool, the thread that empties it, and who watches over both. */
import type { BatchLimits } from '../events/batch.ts';
import { createBatchPool } from '../events/batch-pool.ts';
import { openLedger } from '../events/ledger.ts';
import { createShipper, type Shipper } from '../events/shipper.ts';
import { openSpoolCounters } from '../events/spool-counters.ts';
import { openSpoolFolder } from '../events/spool-folder.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';

export type ShippingOptions = {
  /** The spool's folder. */
  spool: string;
  clickhouseUrl: string;
  clickhouseReady: Promise<void>;
  region: string;
  limits: BatchLimits;
  laneCount: number;
  logger: Logger;
};

const threadCount = 1;
const requestTimeoutMs = 60_000;
const scanMs = 500;
const stopGraceMs = 2000;

export async function startShipping(
  options: ShippingOptions,
  releasers: Releasers,
): Promise<Shipper> {
  const { spool, clickhouseUrl, clickhouseReady, region, limits, laneCount, logger } = options;
  const folder = openSpoolFolder(spool);
  const counters = openSpoolCounters(spool);
  releasers.push('spool counters', () => counters.close());
  const ledger = openLedger(spool);
  releasers.push('ledger', () => ledger.close());
  const pool = createBatchPool(threadCount);
  releasers.push('task threads', () => pool.close());
  const shipper = createShipper({
    ...{ folder, ledger, counters, pool, logger, limits, laneCount, scanMs },
    clock: Date.now,
    clickhouse: { url: clickhouseUrl, requestTimeoutMs },
    ready: clickhouseReady,
    node: { region },
  });
  await shipper.start();
  releasers.push('shipper', () => shipper.stop(stopGraceMs));
  return shipper;
}
