/**
 * Brings the tables up to date from the numbered files in `schema/`. ClickHouse has no transactions
 * and no locks, so each statement can be run twice (`IF NOT EXISTS` and the like): nodes that
 * migrate at the same time, or one that died half-way, do no harm.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clickhouse } from './clickhouse.ts';

const schemaFolder = new URL('./schema/', import.meta.url);
const migrationsTable = 'latchkey_migrations';

/** Returns the numbers of the files that were run. Throws what the client throws. */
export async function migrateClickhouse(client: Clickhouse): Promise<number[]> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${migrationsTable} (number UInt32, at DateTime DEFAULT now())
      ENGINE = ReplacingMergeTree ORDER BY number`,
  });
  const applied = await appliedNumbers(client);
  const ran: number[] = [];
  for (const { number, name } of schemaFiles()) {
    if (applied.has(number)) continue;
    for (const statement of statementsOf(readFileSync(new URL(name, schemaFolder), 'utf8'))) {
      await client.command({ query: statement });
    }
    await client.insert({ table: migrationsTable, values: [{ number }], format: 'JSONEachRow' });
    ran.push(number);
  }
  return ran;
}

async function appliedNumbers(client: Clickhouse): Promise<Set<number>> {
  const query = `SELECT number FROM ${migrationsTable}`;
  const result = await client.query({ query, format: 'JSONEachRow' });
  const rows = await result.json<{ number: number }>();
  return new Set(rows.map((row) => row.number));
}

function schemaFiles(): { number: number; name: string }[] {
  const names = readdirSync(schemaFolder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name) => ({ number: Number.parseInt(name, 10), name }));
}

/** A statement ends with a semicolon at the end of a line; comments stand on lines of their own. */
export function statementsOf(text: string): string[] {
  const code = text.replace(/^\s*--.*$/gm, '');
  return code
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
