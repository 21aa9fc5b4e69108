import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaultRetention } from '../../src/domain/retention.ts';
import { schemaStatements } from '../../src/events/migrate-clickhouse.ts';
import { renderStatements, statementsOf, tableLives } from '../../src/events/schema-text.ts';

const single = { database: 'latchkey', cluster: '', retention: defaultRetention };
const cluster = { ...single, cluster: 'main' };

test('a file is taken apart at semicolons that end a line, without its comments', () => {
  const text = "-- first; not last\nSELECT ';' AS a\n;\n\nSELECT 2; -- two\nSELECT 3;\n";
  assert.deepEqual(statementsOf("-- a; b\nSELECT ';', 1;\n  -- c\nSELECT 2;\n"), [
    "SELECT ';', 1",
    'SELECT 2',
  ]);
  assert.equal(statementsOf(text)[0], "SELECT ';' AS a");
});

test('the same file makes a table on one server, or one of each shard and one over all', () => {
  const text = [
    'CREATE TABLE IF NOT EXISTS t{{local}} {{on cluster}}',
    '(time Date) ENGINE = {{replicated}}MergeTree ORDER BY time',
    'TTL time + INTERVAL {{rollup-day-days}} DAY',
    'SETTINGS {{deduplication}};',
    '{{distributed t by a, b}};',
  ].join('\n');
  assert.deepEqual(renderStatements(text, single), [
    [
      'CREATE TABLE IF NOT EXISTS t ',
      '(time Date) ENGINE = MergeTree ORDER BY time',
      'TTL time + INTERVAL 365 DAY',
      'SETTINGS non_replicated_deduplication_window = 10000',
    ].join('\n'),
  ]);
  assert.deepEqual(renderStatements(text, cluster), [
    [
      'CREATE TABLE IF NOT EXISTS t_local ON CLUSTER `main`',
      '(time Date) ENGINE = ReplicatedMergeTree ORDER BY time',
      'TTL time + INTERVAL 365 DAY',
      'SETTINGS replicated_deduplication_window = 10000, ' +
        'replicated_deduplication_window_seconds = 604800',
    ].join('\n'),
    [
      'CREATE TABLE IF NOT EXISTS t ON CLUSTER `main`',
      'AS t_local',
      'ENGINE = Distributed(`main`, `latchkey`, `t_local`, cityHash64(a, b))',
    ].join('\n'),
  ]);
});

test('an unknown word is a mistake in a file, and is not sent', () => {
  assert.throws(() => renderStatements('SELECT {{nonsense}};', single), /no word \{\{nonsense\}\}/);
});

test('nothing of the files is left to be filled in, and both places have every table', () => {
  const ofSingle = schemaStatements(single).join('\n');
  const ofCluster = schemaStatements(cluster).join('\n');
  assert.doesNotMatch(ofSingle + ofCluster, /[{}]{2}/);
  const tables = [...ofSingle.matchAll(/^CREATE TABLE IF NOT EXISTS (\w+)/gm)];
  assert.equal(tables.length, 12);
  for (const [, table] of tables) {
    assert.match(ofCluster, new RegExp(`EXISTS ${table}_local ON CLUSTER`));
    assert.match(ofCluster, new RegExp(`EXISTS ${table} ON CLUSTER .main.\nAS ${table}_local`));
  }
});

test('the statements for a cluster are those that were reviewed', () => {
  const path = new URL('./cluster-schema.sql', import.meta.url);
  const text = schemaStatements(cluster).map((statement) => `${statement};\n`);
  assert.equal(text.join('\n'), readFileSync(path, 'utf8'));
});

test('tables that keep rows for a time say for how long, and how to change it', () => {
  const lives = tableLives(schemaStatements(cluster));
  assert.equal(lives.length, 11);
  assert.deepEqual(
    lives.find(({ table }) => table === 'ratelimits_per_month_v1_local'),
    {
      table: 'ratelimits_per_month_v1_local',
      days: 1096,
      alter:
        'ALTER TABLE ratelimits_per_month_v1_local ON CLUSTER `main` ' +
        'MODIFY TTL time + INTERVAL 1096 DAY',
    },
  );
});
