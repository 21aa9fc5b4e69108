/**
 * Postgres → this node's replica → its workers. The schema is brought up to date and the first
 * workspace made as soon as Postgres can be reached; a replica from an earlier run serves before
 * that.
 */

import { migrate, SchemaTooNew } from '../control/migrate.ts';
import { type FirstStart, prepareFirstStart } from '../control/root-keys.ts';
import { openGenerationPage } from '../keys/generation-page.ts';
import {
  currentReplica,
  nextReplica,
  removeOtherReplicas,
  switchReplica,
} from '../keys/replica-files.ts';
import { openReplicaWriter } from '../keys/replica-writer.ts';
import { classifyDatabaseError, type Database, openDatabase } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import type { Releasers } from '../lib/releasers.ts';
import { Replicator } from '../replication/replicator.ts';
import type { NodeFiles } from './node-files.ts';
import { untilDone } from './until-done.ts';
import { startUpkeep, type Upkeep } from './upkeep.ts';

export type KeysRiver = {
  replicator: Replicator;
  /** Resolves with the first root key if this was the first start, once Postgres was reached. */
  prepared: Promise<FirstStart>;
  replicaPath(): string;
};

export type KeysRiverOptions = {
  databaseUrl: string;
  chosenRootKey: string;
  /** The text of the master keys; empty: none. */
  masterKey: string;
  files: NodeFiles;
  /** Resolves when every worker reads from the new file. */
  switchWorkers(path: string): Promise<void>;
  logger: Logger;
  signal: AbortSignal;
};

/**
 * One for LISTEN, one for the poll, two more for the first copy, two for what comes at the start
 * and for pruning.
 */
const connectionsMax = 6;

export function startKeysRiver(options: KeysRiverOptions, releasers: Releasers): KeysRiver {
  const { files, logger } = options;
  const database = openDatabase(options.databaseUrl, {
    connectionsMax,
    applicationName: 'latchkey primary',
  });
  releasers.push('database of the primary', () => database.end({ timeout: 1 }));
  const page = openGenerationPage(files.generationPage);
  removeOtherReplicas(files.replica);
  let path = currentReplica(files.replica);
  // Whatever a reader of an earlier run has kept in mind is forgotten.
  page.raise({ touchesDocuments: true });
  const prepared = prepare(database, options);
  prepared.catch(() => {});
  const replicator = new Replicator({
    prepared,
    database,
    page,
    current: path === undefined ? undefined : openReplicaWriter(path),
    openFresh: () => openReplicaWriter(nextReplica(files.replica)),
    async switchTo(writer) {
      switchReplica(files.replica, writer.path);
      path = writer.path;
      await options.switchWorkers(writer.path);
    },
    logger,
    clock: Date.now,
  });
  releasers.push('replicator', () => replicator.stop());
  keepUp(prepared, () => startUpkeep(database, options.masterKey, logger), releasers);
  return { replicator, prepared, replicaPath: () => path ?? '' };
}

/** From the moment on that there is something to keep up; a stop does not wait for that moment. */
function keepUp(prepared: Promise<unknown>, start: () => Upkeep, releasers: Releasers): void {
  let upkeep: Upkeep | undefined;
  let isStopping = false;
  prepared.then(
    () => {
      if (!isStopping) upkeep = start();
    },
    () => {},
  );
  releasers.push('upkeep', () => {
    isStopping = true;
    return upkeep?.stop();
  });
}

function prepare(database: Database, options: KeysRiverOptions): Promise<FirstStart> {
  const { logger, signal, chosenRootKey } = options;
  let said = '';
  return untilDone({
    signal,
    async work() {
      const applied = await migrate(database);
      if (applied.length > 0) logger.info({ applied }, 'PostgreSQL schema brought up to date');
      return prepareFirstStart(database, { chosenKey: chosenRootKey, nowMs: Date.now() });
    },
    onFailure(error) {
      const failure = classifyDatabaseError(error);
      const problem = `${failure}: ${(error as Error).message}`;
      if (problem !== said) logger.warn({ failure, err: error }, 'PostgreSQL is not ready');
      said = problem;
      return error instanceof SchemaTooNew;
    },
  });
}
