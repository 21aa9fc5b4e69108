/** What the tests of the embedded stores share: one table of both, owners that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@clickhouse/client';
import { startEmbeddedClickhouse } from '../../src/embedded/embedded-clickhouse.ts';
import { startEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts';
import { openDatabase } from '../../src/lib/database.ts';

/** Runs statements in turn and gives back the first column of the last one's rows as text. */
type Ask = (url: string, ...statements: string[]) => Promise<string[]>;

export const stores = [
  { name: 'PostgreSQL', start: startEmbeddedPostgres, ask: askPostgres, engine: '' },
  {
    name: 'ClickHouse',
    start: startEmbeddedClickhouse,
    ask: askClickhouse,
    engine: 'engine = MergeTree order by note',
  },
] as const satisfies { ask: Ask; [property: string]: unknown }[];

export async function askPostgres(url: string, ...statements: string[]): Promise<string[]> {
  const database = openDatabase(url, { connectionsMax: 1, applicationName: 'latchkey test' });
  try {
    let rows: string[] = [];
    for (const statement of statements) {
      const found = await database.unsafe(statement);
      rows = found.map((row) => String(Object.values(row)[0]));
    }
    return rows;
  } finally {
    await database.end();
  }
}

export async function askClickhouse(url: string, ...statements: string[]): Promise<string[]> {
  const client = createClient({ url, log: { level: 127 } });
  try {
    let text = '';
    for (const query of statements) {
      const isQuestion = /^(select|show)/i.test(query);
      const { stream } = await client.exec({
        query: isQuestion ? `${query} format TSV` : query,
      });
      text = (await stream.toArray()).join('');
    }
    return text === '' ? [] : text.trimEnd().split('\n');
  } finally {
    await client.close();
  }
}

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-embedded-'));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

export type StoreOwner = { owner: ChildProcess; pids: number[]; urls: string[] };

/** Another process that starts both stores below `folder`; it ends with this one at the latest. */
export async function spawnOwner(folder: string): Promise<StoreOwner> {
  const source = (name: string) =>
    JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src', name)).href);
  const script = `
    import { startEmbeddedPostgres } from ${source('embedded/embedded-postgres.ts')};
    import { startEmbeddedClickhouse } from ${source('embedded/embedded-clickhouse.ts')};
    import { silentLogger as logger } from ${source('lib/logger.ts')};
    const folder = process.env.STORE_FOLDER;
    const stores = await Promise.all([
      startEmbeddedPostgres({ folder: folder + '/PostgreSQL', logger }),
      startEmbeddedClickhouse({ folder: folder + '/ClickHouse', logger }),
    ]);
    console.log(JSON.stringify(stores.map(({ pid, url }) => ({ pid, url }))));
    process.stdin.once('end', () => process.exit()).resume();`;
  const args = ['--input-type=module', '--eval', script];
  const owner = spawn(process.execPath, args, {
    env: { ...process.env, STORE_FOLDER: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const started = JSON.parse(line.toString()) as { pid: number; url: string }[];
  return { owner, pids: started.map(({ pid }) => pid), urls: started.map(({ url }) => url) };
}

export async function killNow(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/**
 * Every process that has to do with a store in `folder`: the server and its watcher name the folder
 * in their arguments, the children of a PostgreSQL server work inside of it. No zombies.
 */
export function pidsOver(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const workingFolder = orEmpty(() => readlinkSync(`/proc/${pid}/cwd`));
      return workingFolder.startsWith(folder) || argumentsOf(pid).includes(folder);
    })
    .map(Number);
}

/** The watchers among these: they are still the shells that the servers have come from. */
export function watchersOf(pids: number[]): number[] {
  return pids.filter((pid) => argumentsOf(pid).startsWith('/bin/sh'));
}

function argumentsOf(pid: number | string): string {
  return orEmpty(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
}

/** A process may be gone by the time that we read of it. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
