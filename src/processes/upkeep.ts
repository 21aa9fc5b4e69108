/** What a node does for its database now and then: each step is safe on several nodes at once. */
import { pruneAuditEvents } from '../control/audit-events.ts';
import { rewrapSecrets } from '../control/encrypted-keys.ts';
import { openVault } from '../control/vault.ts';
import { classifyDatabaseError, type Database } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';

export type Upkeep = { stop(): Promise<void> };

const everyMs = 600_000;

/** Begins at once, and again every ten minutes. What fails is tried again at the next turn. */
export function startUpkeep(database: Database, masterKey: string, logger: Logger): Upkeep {
  let running: Promise<void> = Promise.resolve();
  let isStopping = false;

  async function turn(): Promise<void> {
    try {
      await sealAnew(database, masterKey, logger);
      while (!isStopping && (await pruneAuditEvents(database, Date.now())) > 0);
    } catch (error) {
      const failure = classifyDatabaseError(error);
      if (failure !== 'unreachable') logger.warn({ failure, err: error }, 'upkeep failed');
    }
  }

  const begin = () => {
    running = running.then(turn);
  };
  begin();
  const timer = setInterval(begin, everyMs);
  return {
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await running;
    },
  };
}

/** With a new master key in front, everything is sealed under it, and the old one can go. */
async function sealAnew(database: Database, masterKey: string, logger: Logger): Promise<void> {
  const parsed = masterKey === '' ? undefined : openVault(masterKey);
  if (!parsed?.ok) return;
  const { rewrappedCount, lostCount } = await rewrapSecrets(database, parsed.vault);
  if (rewrappedCount > 0)
    logger.info({ rewrappedCount }, 'secrets sealed under the new master key');
  if (lostCount > 0)
    logger.error({ lostCount }, 'secrets need a master key that is not configured');
}
