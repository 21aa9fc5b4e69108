/**
 * Brings the tables up to date from the numbered files in `schema/`. ClickHouse has no transactions
 * and no locks, so each statement can be run twice (`IF NOT EXISTS` and the like): nodes that
 * migrate at the same time, or one that died half-way, do no harm.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { defaultRetention, type Retention } from '../domain/retention.ts';
import { type Clickhouse, isClickhouseError } from './clickhouse.ts';
import { renderStatements, type SchemaPlace, tableLives } from './schema-text.ts';

const schemaFolder = new URL('./schema/', import.meta.url);
const migrationsTable = 'latchkey_migrations';
const migrationsStatement = `CREATE TABLE IF NOT EXISTS ${migrationsTable} {{on cluster}}
(number UInt32, at DateTime DEFAULT now())
ENGINE = {{replicated}}ReplacingMergeTree ORDER BY number`;

export type MigrationOptions = {
  /** The name of a cluster in the server's configuration; empty for a single server. */
  cluster?: string;
  retention?: Retention;
};

/**
 * Returns the numbers of the files that were run. Throws what the client throws. A user who may not
 * change tables will do where all is up to date.
 */
export async function migrateClickhouse(
  client: Clickhouse,
  { cluster = '', retention = defaultRetention }: MigrationOptions = {},
): Promise<number[]> {
  const place = { database: await currentDatabase(client), cluster, retention };
  const applied = await appliedNumbers(client, place);
  const ran: number[] = [];
  for (const { number, name } of schemaFiles()) {
    if (applied.has(number)) continue;
    await runAll(client, renderStatements(readSchema(name), place));
    await client.insert({ table: migrationsTable, values: [{ number }], format: 'JSONEachRow' });
    ran.push(number);
  }
  await keepFor(client, place);
  return ran;
}

/** All statements of all files, in their order. */
export function schemaStatements(place: SchemaPlace): string[] {
  return schemaFiles().flatMap(({ name }) => renderStatements(readSchema(name), place));
}

/** Rows live as long as the settings say now, whatever they said when their table was made. */
async function keepFor(client: Clickhouse, place: SchemaPlace): Promise<void> {
  const current = await daysByTable(client);
  const lives = tableLives(schemaStatements(place));
  const changed = lives.filter(({ table, days }) => current.get(table) !== days);
  await runAll(
    client,
    changed.map(({ alter }) => alter),
  );
}

async function daysByTable(client: Clickhouse): Promise<Map<string, number>> {
  const rows = await read<{ name: string; days: string }>(
    client,
    `SELECT name, extract(engine_full, 'TTL .*toIntervalDay\\\\((\\\\d+)\\\\)') AS days
     FROM system.tables WHERE database = currentDatabase()`,
  );
  return new Map(rows.map(({ name, days }) => [name, Number(days)]));
}

async function currentDatabase(client: Clickhouse): Promise<string> {
  const [row] = await read<{ name: string }>(client, 'SELECT currentDatabase() AS name');
  return row?.name ?? '';
}

async function appliedNumbers(client: Clickhouse, place: SchemaPlace): Promise<Set<number>> {
  try {
    const rows = await read<{ number: number }>(client, `SELECT number FROM ${migrationsTable}`);
    return new Set(rows.map((row) => row.number));
  } catch (error) {
    if (!isClickhouseError(error) || error.type !== 'UNKNOWN_TABLE') throw error;
    await runAll(client, renderStatements(migrationsStatement, place));
    return new Set();
  }
}

async function runAll(client: Clickhouse, statements: readonly string[]): Promise<void> {
  for (const query of statements) await client.command({ query });
}

async function read<Row>(client: Clickhouse, query: string): Promise<Row[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
}

function schemaFiles(): { number: number; name: string }[] {
  const names = readdirSync(schemaFolder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name) => ({ number: Number.parseInt(name, 10), name }));
}

function readSchema(name: string): string {
  return readFileSync(new URL(name, schemaFolder), 'utf8');
}
