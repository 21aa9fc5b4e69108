/** The part of a worker that speaks to PostgreSQL: management calls, and an import's first use. */
import { type AnalyticsFacts, readAnalyticsFacts } from '../control/analytics-facts.ts';
import { contextOf } from '../control/encrypted-keys.ts';
import { completeMigration } from '../control/migrate-keys.ts';
import type { ControlContext } from '../control/operation.ts';
import { operations } from '../control/operations.ts';
import { createNamespaces } from '../control/ratelimit-namespaces.ts';
import { runOperation } from '../control/run-operation.ts';
import { openVault, type Vault } from '../control/vault.ts';
import type { MigrationRecord } from '../domain/records.ts';
import type { ApiServerPorts } from '../http/api-server.ts';
import { openDatabase } from '../lib/database.ts';
import type { Releasers } from '../lib/releasers.ts';
import type { CreditAsks } from './credit-asks.ts';
import type { WorkerOptions } from './worker-options.ts';

export type WorkerManagement = Pick<
  ApiServerPorts,
  'calls' | 'createNamespaces' | 'completeFirstUse' | 'pepperOf'
> & { analyticsFacts(workspaceId: string): Promise<AnalyticsFacts> };

const connectionsMax = 4;
const idleSeconds = 60;

export function openWorkerManagement(
  { settings, awaitApplied, logger }: WorkerOptions,
  credits: CreditAsks,
  releasers: Releasers,
): WorkerManagement {
  const applicationName = `latchkey worker ${settings.slot}`;
  const database = openDatabase(settings.databaseUrl, {
    connectionsMax,
    applicationName,
    idleSeconds,
  });
  releasers.push('database', () => database.end({ timeout: 1 }));
  const vault = vaultOf(settings.masterKey);
  const context: ControlContext = {
    database,
    clock: Date.now,
    settleCredits: credits.settle,
    vault,
  };
  const creation = { name: 'creation of namespaces', run: createNamespaces };
  return {
    calls: operations.map((operation) => ({
      ...operation,
      run: (caller, body) => runOperation(operation, { context, caller, logger }, body),
    })),
    analyticsFacts: (workspaceId) => readAnalyticsFacts(database, workspaceId),
    createNamespaces: (caller, names) =>
      runOperation(creation, { context, caller, logger }, { names }),
    async completeFirstUse(use) {
      try {
        if (await completeMigration(database, use)) await awaitApplied();
      } catch (error) {
        logger.warn({ keyId: use.keyId, err: error }, 'an imported key keeps its foreign hash');
      }
    },
    pepperOf: createPeppers(vault),
  };
}

/** The primary has checked the text. Without master keys there is no vault. */
function vaultOf(masterKey: string): Vault | undefined {
  if (masterKey === '') return undefined;
  const parsed = openVault(masterKey);
  return parsed.ok ? parsed.vault : undefined;
}

/** Decrypts each import's secret once: a record stays the same object until it changes. */
function createPeppers(vault: Vault | undefined): WorkerManagement['pepperOf'] {
  const opened = new WeakMap<MigrationRecord, Uint8Array | undefined>();
  return (migration) => {
    if (!opened.has(migration)) opened.set(migration, openPepper(vault, migration));
    return opened.get(migration);
  };
}

function openPepper(
  vault: Vault | undefined,
  { migrationId, workspaceId, pepper, pepperMasterKey }: MigrationRecord,
): Uint8Array | undefined {
  const wrapped = { wrapped: Buffer.from(pepper, 'base64'), masterKey: pepperMasterKey };
  return vault?.unwrap(wrapped, contextOf({ id: migrationId, workspaceId }));
}
