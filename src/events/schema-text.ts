/**
 * The statements of `schema/` for one place: a single server, or a cluster. The files are the same;
 * what differs stands in them as `{{name}}`:
 *
 *     {{on cluster}}              ON CLUSTER, or nothing
 *     {{local}}                   the suffix of tables that hold a shard's rows, or nothing
 *     {{replicated}}              the prefix of replicated engines, or nothing
 *     {{deduplication}}           the setting by which a table remembers the tokens of its inserts
 *     {{distributed t by x, y}}   the table `t` over all shards, or nothing
 *     {{database}}, {{public}}    where the tables are, and where the views for customers are
 *     {{…-days}}                  how long rows are kept
 */
import type { Retention } from '../domain/retention.ts';
import { assert } from '../lib/assert.ts';

export type SchemaPlace = {
  database: string;
  /** The name of a cluster in the server's configuration; empty for a single server. */
  cluster: string;
  retention: Retention;
};

/** Batches that a table remembers, to know one that is sent again. */
const rememberedInserts = 10_000;
const rememberedSeconds = 604_800;

/** The database of the views that customers query, beside the one of the tables. */
export function publicDatabaseOf(database: string): string {
  return `public_${database}`;
}

/** The statements of a file, ready to be sent. */
export function renderStatements(text: string, place: SchemaPlace): string[] {
  return statementsOf(text.replace(/\{\{([^}]+)\}\}/g, (_, word: string) => wordOf(word, place)));
}

function wordOf(word: string, place: SchemaPlace): string {
  const { cluster, database, retention } = place;
  const isCluster = cluster !== '';
  switch (word) {
    case 'on cluster':
      return isCluster ? `ON CLUSTER ${quoted(cluster)}` : '';
    case 'local':
      return isCluster ? '_local' : '';
    case 'replicated':
      return isCluster ? 'Replicated' : '';
    case 'deduplication':
      return deduplication(isCluster);
    case 'database':
      return quoted(database);
    case 'public':
      return quoted(publicDatabaseOf(database));
  }
  const [keyword, table = '', by, ...columns] = word.split(/,? /);
  if (keyword === 'distributed' && by === 'by') return distributed(table, columns, place);
  assert(word in retention, `the schema has no word {{${word}}}`);
  return String(retention[word as keyof Retention]);
}

function deduplication(isCluster: boolean): string {
  if (!isCluster) return `non_replicated_deduplication_window = ${rememberedInserts}`;
  return (
    `replicated_deduplication_window = ${rememberedInserts}, ` +
    `replicated_deduplication_window_seconds = ${rememberedSeconds}`
  );
}

/** By columns and never at random: a batch that is sent again must meet the same shards. */
function distributed(table: string, columns: readonly string[], place: SchemaPlace): string {
  const { cluster, database } = place;
  if (cluster === '') return '';
  const shard = `cityHash64(${columns.join(', ')})`;
  const parts = [quoted(cluster), quoted(database), quoted(`${table}_local`), shard];
  return (
    `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER ${quoted(cluster)}\n` +
    `AS ${table}_local\nENGINE = Distributed(${parts.join(', ')})`
  );
}

/** For names that are written into statements. */
export function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

/** A statement ends with a semicolon at the end of a line; comments stand on lines of their own. */
export function statementsOf(text: string): string[] {
  const code = text.replace(/^\s*--.*$/gm, '');
  return code
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

export type TableLife = { table: string; days: number; alter: string };

const created = /^CREATE TABLE IF NOT EXISTS (\w+) ?(.*)$/m;
const kept = /^TTL (.+ INTERVAL (\d+) DAY)$/m;

/** Of the tables that `statements` create: how long their rows live, and how to make it so. */
export function tableLives(statements: readonly string[]): TableLife[] {
  return statements.flatMap((statement) => {
    const [, table, onCluster = ''] = created.exec(statement) ?? [];
    const [, ttl, days] = kept.exec(statement) ?? [];
    if (table === undefined || ttl === undefined) return [];
    const alter = `ALTER TABLE ${table} ${onCluster} MODIFY TTL ${ttl}`;
    return [{ table, days: Number(days), alter }];
  });
}
