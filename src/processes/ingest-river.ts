/** Rows of services around us → ClickHouse: the primary's side of `/ingest`. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/options.ts';
import type { Shipper } from '../events/shipper.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';
import type { NodeFiles } from './node-files.ts';
import { startShipping } from './start-shipping.ts';

export type IngestRiverOptions = {
  config: Pick<Config, 'ingestUsersFile' | 'region'>;
  clickhouseUrl: string;
  clickhouseReady: Promise<void>;
  files: NodeFiles;
  logger: Logger;
};

/** A few large segments at a time: rows here can be of any size. */
const batchLimits = { rowsMax: 100_000, segmentsMax: 8, ageMs: 1000 };
/**
 * A table that is missing holds up the batches that have rows for it, after everything else in them
 * was inserted. Half of the lanes may wait so; rows that would hold up more go to quarantine.
 */
const laneCount = 8;

/**
 * A spool of its own: what is wrong with the tables of others never holds up our events. It is also
 * emptied when there are no more users, of what was taken before. Undefined when there is neither.
 */
export async function startIngestRiver(
  { config, files, logger, ...clickhouse }: IngestRiverOptions,
  releasers: Releasers,
): Promise<Shipper | undefined> {
  if (config.ingestUsersFile === '' && !existsSync(files.ingest)) return undefined;
  const limits = { limits: batchLimits, laneCount };
  const { region } = config;
  const shipping = { ...limits, ...clickhouse, region, spool: files.ingest, logger };
  return startShipping(shipping, releasers);
}
