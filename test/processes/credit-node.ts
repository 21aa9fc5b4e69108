/** What several tests of the credits share: a database with keys, and nodes that spend of them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/control/migrate.ts';
import { prepareFirstStart } from '../../src/control/root-keys.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { CreditBank } from '../../src/processes/credit-bank.ts';
import { testDatabase } from '../support/stores.ts';

export type CreditWorld = {
  readonly database: Database;
  readonly url: string;
  readonly folder: string;
  /** A new key with this many credits. */
  addKey(remaining: number): Promise<string>;
  /** What Postgres has of it, not counting what is leased. */
  unleased(keyId: string): Promise<number>;
  leasesOf(keyId: string): Promise<number>;
  close(): Promise<void>;
};

export async function openCreditWorld(): Promise<CreditWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-credit-bank-'));
  const server = await testDatabase();
  const database = openDatabase(server.url, { connectionsMax: 4, applicationName: 'test' });
  await migrate(database);
  const { workspaceId } = await prepareFirstStart(database, { chosenKey: '', nowMs: 1 });
  await database`
    insert into latchkey.apis (id, workspace_id, keyspace_id, name, created_at_ms)
    values ('api_1', ${workspaceId}, 'ks_1', 'payments', 1)`;
  return {
    database,
    url: server.url,
    folder,
    async close() {
      await database.end();
      await server.close();
      rmSync(folder, { recursive: true });
    },
    async addKey(remaining) {
      const keyId = `key_${randomBytes(6).toString('hex')}`;
      await database`
        insert into latchkey.keys (id, workspace_id, api_id, hash, start, created_at_ms)
        values (${keyId}, ${workspaceId}, 'api_1', ${randomBytes(32)}, '', 1)`;
      await database`
        insert into latchkey.key_credits (key_id, remaining) values (${keyId}, ${remaining})`;
      return keyId;
    },
    async unleased(keyId) {
      const [row] = await database<{ remaining: number }[]>`
        select remaining from latchkey.key_credits where key_id = ${keyId}`;
      assert.ok(row);
      return row.remaining;
    },
    async leasesOf(keyId) {
      const rows = await database`
        select from latchkey.credit_leases where key_id = ${keyId}`;
      return rows.length;
    },
  };
}

export type CreditNode = {
  bank: CreditBank;
  table: CreditTable;
  /** As a worker does it: out of the lease, else through the bank. */
  spend(keyId: string, cost: number): Promise<string>;
  /** How many of so many calls at once succeed. */
  spendAtOnce(keyId: string, cost: number, count: number): Promise<number>;
  stop(): Promise<void>;
};

/** A primary's credits in this folder: started again on it, it is the same node. */
export function startCreditNode(url: string, folder: string, nodeId: string): CreditNode {
  const path = join(folder, `${nodeId}.credits`);
  prepareCreditTable(path, 1000);
  const table = new CreditTable(path);
  const database = openDatabase(url, { connectionsMax: 3, applicationName: nodeId });
  const bank = new CreditBank({
    ...{ database, table, nodeId, nodeName: 'test' },
    ...{ logger: silentLogger, clock: Date.now },
  });

  async function spend(keyId: string, cost: number): Promise<string> {
    const { outcome } = table.spend(keyId, cost);
    return outcome === 'spent' ? outcome : (await bank.ask(keyId, cost)).outcome;
  }

  return {
    bank,
    table,
    spend,
    async spendAtOnce(keyId, cost, count) {
      const outcomes = await Promise.all(Array.from({ length: count }, () => spend(keyId, cost)));
      return outcomes.filter((outcome) => outcome === 'spent').length;
    },
    async stop() {
      await bank.stop();
      await database.end({ timeout: 1 });
      table.close();
    },
  };
}
