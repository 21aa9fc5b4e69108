/** Postgres ↔ this node's table of credits: the bank and the refills. */
import { hostname } from 'node:os';
import { openDatabase } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';
import { CreditTable } from '../limits/credit-table.ts';
import { CreditBank, type CreditTotals } from './credit-bank.ts';
import type { NodeFiles } from './node-files.ts';
import { nodeIdentity } from './node-identity.ts';
import { RefillLoop } from './refill-loop.ts';

export type CreditsStatus = CreditTotals & {
  slotCount: number;
  usedSlotCount: number;
  refillCount: number;
};

export type CreditsRiver = { bank: CreditBank; status(): CreditsStatus };

/** One for the bank, one for the refills, one for whatever management waits for. */
const connectionsMax = 3;

/** The table was prepared before. Nobody has to wait for Postgres here. */
export function startCreditsRiver(
  { databaseUrl, files, logger }: { databaseUrl: string; files: NodeFiles; logger: Logger },
  releasers: Releasers,
): CreditsRiver {
  const database = openDatabase(databaseUrl, {
    connectionsMax,
    applicationName: 'latchkey credits',
  });
  releasers.push('database of the credits', () => database.end({ timeout: 1 }));
  const table = new CreditTable(files.creditTable);
  releasers.push('table of credits', () => table.close());
  const refills = new RefillLoop({ database, logger, clock: Date.now });
  releasers.push('refills', () => refills.stop());
  const nodeId = nodeIdentity(files.nodeId);
  const bank = new CreditBank({
    ...{ database, table, nodeId, nodeName: hostname() },
    ...{ logger, clock: Date.now },
  });
  releasers.push('leased credits', () => bank.stop());
  return {
    bank,
    status: () => ({
      ...bank.totals(),
      slotCount: table.slotCount,
      usedSlotCount: table.countUsed(),
      refillCount: refills.filledCount(),
    }),
  };
}
