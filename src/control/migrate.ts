/**
 * Brings the PostgreSQL schema up to this program's version: numbered files, each in a transaction
 * of its own with the row that says it was done. An advisory lock lets several nodes start at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../lib/database.ts';

const schemaFolder = join(import.meta.dirname, 'schema');
/** 'latchkey' in ASCII, cut to the positive bigints. */
const lockNumber = '7809659138428167545';

export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

/** Returns the names of the files that were applied now. */
export async function migrate(database: Database): Promise<string[]> {
  const connection = await database.reserve();
  try {
    await connection`select pg_advisory_lock(${lockNumber}::bigint)`;
    return await applyMissing(connection);
  } finally {
    await connection`select pg_advisory_unlock(${lockNumber}::bigint)`.catch(() => {});
    connection.release();
  }
}

async function applyMissing(connection: Database): Promise<string[]> {
  await connection.unsafe(`create schema if not exists latchkey;
    create table if not exists latchkey.migrations (
      name text primary key, applied_at timestamptz not null default now())`);
  const rows = await connection<{ name: string }[]>`select name from latchkey.migrations`;
  const applied = new Set(rows.map((row) => row.name));
  const files = migrationFiles();
  const unknown = [...applied].filter((name) => !files.includes(name));
  if (unknown.length > 0) {
    throw new SchemaTooNew(
      `the database was migrated by a newer version (${unknown.join(', ')}); install that version`,
    );
  }
  const missing = files.filter((name) => !applied.has(name));
  for (const name of missing) await applyOne(connection, name);
  return missing;
}

async function applyOne(connection: Database, name: string): Promise<void> {
  const statements = readFileSync(join(schemaFolder, name), 'utf8');
  const note = `insert into latchkey.migrations (name) values ('${name}')`;
  try {
    await connection.unsafe(`begin; ${statements}; ${note}; commit`).simple();
  } catch (error) {
    await connection`rollback`.catch(() => {});
    throw new Error(`migration ${name}`, { cause: error });
  }
}

function migrationFiles(): string[] {
  return readdirSync(schemaFolder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
