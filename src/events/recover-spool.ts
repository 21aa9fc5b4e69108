import type { Logger } from '../lib/logger.ts';
import type { Ledger } from './ledger.ts';
import { removeSettled } from './ship-batch.ts';
import type { SpoolCounters } from './spool-counters.ts';
import {
  adoptSegments,
  foreignSegments,
  listingBytes,
  listSegments,
  type SpoolFolder,
} from './spool-folder.ts';

export type SpoolRecovery = {
  folder: SpoolFolder;
  ledger: Ledger;
  counters: SpoolCounters;
  logger: Logger;
};

/**
 * Puts a spool in order after whatever happened: finishes what was counted, seals what dead workers
 * left open, and sets aside what this version cannot read.
 */
export async function recoverSpool(recovery: SpoolRecovery): Promise<void> {
  const { folder, ledger, counters, logger } = recovery;
  if (ledger.wasUnreadable) logger.error({}, 'the ledger was unreadable: counts begin at zero');
  await removeSettled(folder, ledger);
  const adoptedRows = adoptSegments(folder);
  if (adoptedRows > 0) logger.info({ adoptedRows }, 'sealed the segments of workers that died');
  await quarantineForeign(recovery);
  counters.setSpoolBytes(listingBytes(listSegments(folder)));
}

/** Files that this version cannot read are counted, and kept for one that can. */
async function quarantineForeign({ folder, ledger, logger }: SpoolRecovery): Promise<void> {
  const foreign = foreignSegments(folder);
  if (foreign.length === 0) return;
  const { state } = ledger;
  const names = foreign.map((segment) => segment.name);
  const rowCount = foreign.reduce((sum, segment) => sum + segment.frameCount, 0);
  state.takenRows += rowCount;
  state.quarantinedRows += rowCount;
  state.quarantinedSegments += names.length;
  state.settled.push({ id: names.join(), remove: [], quarantine: names });
  logger.error({ segments: names }, 'segments of another format version were put into quarantine');
  await ledger.commit();
  await removeSettled(folder, ledger);
}
