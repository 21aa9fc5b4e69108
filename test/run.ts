/**
 * `npm test`: types, lint and format, then every test, on one PostgreSQL and one ClickHouse that
 * are started here. `--static` leaves out whatever needs a server; file names or patterns run
 * just these tests. The exit code is 1 if anything failed; the last lines say what, and how to
 * run it alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { startEmbeddedClickhouse } from '../src/embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../src/embedded/embedded-postgres.ts';
import { silentLogger as logger } from '../src/lib/logger.ts';
import { createReleasers } from '../src/lib/releasers.ts';
import { endLeakedProcesses, markProcesses } from './support/leaked-processes.ts';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const patterns = args.filter((arg) => !arg.startsWith('--'));
const isStatic = args.includes('--static');
/** Two cores run two files; each file is a process of its own. */
const concurrency = 2;
const fileTimeoutMs = 300_000;

const biomeArgs = ['check', '--error-on-warnings'];
if (!process.stdout.isTTY) biomeArgs.push('--colors=off');

const releasers = createReleasers();
const interruption = new AbortController();
/** Commands that run alone what has failed. */
const failures = new Set<string>();

process.chdir(root);
process.once('SIGINT', () => interrupted(130));
process.once('SIGTERM', () => interrupted(143));

if (patterns.length === 0) {
  await step('types', () => runCommand('node_modules/.bin/tsc', []));
  await step('lint and format', () => runCommand('node_modules/.bin/biome', biomeArgs));
}
if (isStatic) await step('tidy', () => runFiles(['test/tidy.test.ts']));
else await withStores(() => runFiles(patterns.length > 0 ? patterns : ['test/**/*.test.ts']));

if (failures.size === 0) {
  print('all passed');
} else {
  print(`failed; to run it alone:\n${[...failures].map((command) => `  ${command}`).join('\n')}`);
  process.exitCode = 1;
}

async function withStores(runAll: () => Promise<void>): Promise<void> {
  try {
    await step('start PostgreSQL and ClickHouse', startStores);
    markProcesses();
    await step('tests', runAll);
    for (const command of endLeakedProcesses()) failures.add(`(left running) ${command}`);
  } finally {
    await releasers.releaseAll();
  }
}

async function startStores(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-run-'));
  releasers.push('folder', () => rmSync(folder, { recursive: true }));
  const start = async (name: string, startStore: typeof startEmbeddedPostgres) => {
    const store = await startStore({ folder: join(folder, name), logger });
    releasers.push(name, store.stop);
    return store.url;
  };
  const [databaseUrl, clickhouseUrl] = await Promise.all([
    start('postgres', startEmbeddedPostgres),
    start('clickhouse', startEmbeddedClickhouse),
  ]);
  process.env.LATCHKEY_TEST_DATABASE_URL = databaseUrl;
  process.env.LATCHKEY_TEST_CLICKHOUSE_URL = clickhouseUrl;
}

async function runCommand(command: string, commandArgs: string[]): Promise<void> {
  const child = spawn(command, commandArgs, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) failures.add([command, ...commandArgs].join(' '));
}

async function runFiles(globPatterns: string[]): Promise<void> {
  const files = globSync(globPatterns).sort();
  if (files.length === 0) {
    failures.add(`(no such test) ${globPatterns.join(' ')}`);
    return;
  }
  const { signal } = interruption;
  const events = runTests({ files, concurrency, timeout: fileTimeoutMs, signal });
  events.on('test:fail', ({ file }) => {
    failures.add(file ? `node --test ${relative(root, file)}` : 'node test/run.ts');
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await once(report, 'end');
}

async function step(name: string, work: () => Promise<void>): Promise<void> {
  print(`── ${name}`);
  const startMs = performance.now();
  await work();
  print(`── ${name}: ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
}

/** Ends the running test files; their own stores end with them. */
async function interrupted(exitCode: number): Promise<void> {
  interruption.abort();
  await releasers.releaseAll().catch(() => {});
  process.exit(exitCode);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
