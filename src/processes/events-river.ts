/** Spool → Piscina pool → ClickHouse: the primary's side of the events. */

import type { Retention } from '../domain/retention.ts';
import { tasksPerThread } from '../events/batch.ts';
import { type Clickhouse, createClickhouse } from '../events/clickhouse.ts';
import { clickhouseFault } from '../events/clickhouse-fault.ts';
import { migrateClickhouse } from '../events/migrate-clickhouse.ts';
import type { Shipper } from '../events/shipper.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';
import type { NodeFiles } from './node-files.ts';
import { startShipping } from './start-shipping.ts';
import { untilDone } from './until-done.ts';

export type EventsRiver = {
  shipper: Shipper;
  /** Why ClickHouse cannot be used right now; empty when it can. */
  problem(): string;
};

export type EventsRiverOptions = {
  clickhouseUrl: string;
  clickhouseReady: Promise<void>;
  /** Of the tables. */
  cluster: string;
  retention: Retention;
  insertRowsMax: number;
  insertAgeMs: number;
  files: NodeFiles;
  region: string;
  logger: Logger;
  signal: AbortSignal;
};

/**
 * What an event costs ClickHouse depends on how many are inserted with it, as each insert is seven
 * parts to be sorted, written and merged: 32 µs of CPU among 20,000, 16 among 100,000, 11 among
 * 250,000.
 */
const segmentsMax = 128;
const few = { rows: 2000, ageMs: 1000 };
/** Under load each worker begins a segment every second. */
const quietMs = 2500;
/** One more than the thread takes: a batch in back-off holds up a lane, not the river. */
const laneCount = tasksPerThread + 1;
const requestTimeoutMs = 60_000;
/** A fault older than this is over: the tries since then went well. */
const faultFreshMs = 15_000;

export async function startEventsRiver(
  options: EventsRiverOptions,
  releasers: Releasers,
): Promise<EventsRiver> {
  const { files, insertRowsMax: rowsMax, insertAgeMs: ageMs } = options;
  const limits = { rowsMax, segmentsMax, ageMs, few, quietMs };
  const preparation = prepare(options);
  const shipping = {
    ...{ ...options, spool: files.spool, limits, laneCount },
    // A batch that came before a table of sums would be missing in it for good.
    clickhouseReady: preparation.done,
  };
  const shipper = await startShipping(shipping, releasers);
  return {
    shipper,
    problem: () => preparation.problem() || freshFault(shipper),
  };
}

function freshFault(shipper: Shipper): string {
  const { lastFault, oldestSegmentAgeMs } = shipper.totals();
  const isOver = !lastFault || Date.now() - lastFault.atMs > faultFreshMs;
  return isOver || oldestSegmentAgeMs === 0 ? '' : `${lastFault.class}: ${lastFault.message}`;
}

type Preparation = {
  /** Why it has not been done yet; empty when it has. */
  problem(): string;
  /** Stays pending when it is given up. */
  done: Promise<void>;
};

/** Brings the tables up to date once ClickHouse can be reached; events are spooled meanwhile. */
function prepare(options: EventsRiverOptions): Preparation {
  const { logger, signal, clickhouseUrl: url, clickhouseReady, cluster, retention } = options;
  let client: Clickhouse | undefined;
  let problem = 'not reached yet';
  const { promise: done, resolve } = Promise.withResolvers<void>();
  untilDone({
    signal,
    async work() {
      await clickhouseReady;
      signal.throwIfAborted();
      client ??= createClickhouse({ url, requestTimeoutMs, connectionsMax: 1 });
      const ran = await migrateClickhouse(client, { cluster, retention });
      if (ran.length > 0) logger.info({ migrations: ran }, 'ClickHouse tables brought up to date');
      problem = '';
      resolve();
    },
    onFailure(error) {
      const fault = clickhouseFault(error);
      const text = `${fault.class}: ${fault.message}`;
      if (text !== problem)
        logger.warn({ ...fault }, 'ClickHouse is not ready: events are spooled');
      problem = text;
      return false;
    },
  })
    .catch(() => {})
    .finally(() => client?.close());
  return { problem: () => problem, done };
}
