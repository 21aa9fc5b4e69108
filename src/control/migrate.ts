/**
 * Brings the PostgreSQL schema up to this program's version: numbered files, all of those that are
 * missing in one transaction with the rows that say they were done. It holds a lock that several
 * nodes which start at once take in turn; the lock ends with the transaction, so that nobody keeps
 * it by dying, nor a connection pooler by handing the session on.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Transaction } from '../lib/database.ts';

const schemaFolder = join(import.meta.dirname, 'schema');
/** 'latchkey' in ASCII, cut to the positive bigints. */
const lockNumber = '7809659138428167545';

export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

/** Returns the names of the files that were applied now. */
export function migrate(database: Database): Promise<string[]> {
  return database.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${lockNumber}::bigint)`;
    const applied = await appliedFiles(transaction);
    const files = migrationFiles();
    const unknown = applied.filter((name) => !files.includes(name));
    if (unknown.length > 0) {
      const names = unknown.join(', ');
      throw new SchemaTooNew(
        `the database was migrated by a newer version (${names}); install that version`,
      );
    }
    const missing = files.filter((name) => !applied.includes(name));
    for (const name of missing) await applyOne(transaction, name);
    return missing;
  });
}

async function appliedFiles(transaction: Transaction): Promise<string[]> {
  await transaction.unsafe(`create schema if not exists latchkey;
    create table if not exists latchkey.migrations (
      name text primary key, applied_at timestamptz not null default now())`);
  const rows = await transaction<{ name: string }[]>`select name from latchkey.migrations`;
  return rows.map((row) => row.name);
}

async function applyOne(transaction: Transaction, name: string): Promise<void> {
  try {
    await transaction.unsafe(readFileSync(join(schemaFolder, name), 'utf8'));
    await transaction`insert into latchkey.migrations (name) values (${name})`;
  } catch (error) {
    throw new Error(`migration ${name}`, { cause: error });
  }
}

function migrationFiles(): string[] {
  return readdirSync(schemaFolder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
