import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import { createClickhouse } from '../events/clickhouse.ts';
import { type QuarantineFile, readQuarantine } from '../events/read-quarantine.ts';
import { classifyDatabaseError, openDatabase } from '../lib/database.ts';
import { probePort } from '../lib/port-probe.ts';
import { loadNative } from '../native/native-module.ts';
import { makeNodeFolders } from '../processes/node-files.ts';
import { readStoreUrls } from '../processes/store-urls.ts';
import { printable } from './result-text.ts';

export type Check = {
  name: string;
  state: 'good' | 'warn' | 'bad';
  finding: string;
  /** What to do about it; empty when nothing need be done. */
  remedy: string;
};

const freeBytesMin = 2 ** 30;
const clockSkewMaxMs = 2000;
const postgresVersionMin = 140_000;

export async function examine(config: Config): Promise<Check[]> {
  const files = makeNodeFolders(config.dataDir);
  const running = readStoreUrls(files.shared);
  const databaseUrl = config.databaseUrl || running?.databaseUrl;
  const clickhouseUrl = config.clickhouseUrl || running?.clickhouseUrl;
  return [
    checkNode(),
    checkGlibc(),
    checkEngine(),
    checkDisk(config),
    checkQuarantine('Quarantine', files.spool),
    ...(existsSync(files.ingest) ? [checkQuarantine('Ingest', files.ingest)] : []),
    ...(await Promise.all([
      databaseUrl ? checkPostgres(databaseUrl) : embeddedIsOff('PostgreSQL'),
      clickhouseUrl ? checkClickhouse(clickhouseUrl) : embeddedIsOff('ClickHouse'),
      checkPort(config),
    ])),
  ];
}

function good(name: string, finding: string): Check {
  return { name, state: 'good', finding, remedy: '' };
}

function bad(name: string, finding: string, remedy: string): Check {
  return { name, state: 'bad', finding, remedy };
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isGood = (major === 22 && minor >= 18) || major === 24 || major === 26;
  return isGood
    ? good('Node', process.versions.node)
    : bad('Node', process.versions.node, 'Use Node 22.18 or newer, 24 or 26; bin/with-node does.');
}

function checkGlibc(): Check {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = report.header?.glibcVersionRuntime;
  if (version) return good('glibc', version);
  if (process.platform === 'darwin') return good('glibc', 'not needed on macOS');
  return bad('glibc', 'not found', 'Use a system with glibc 2.34 or newer, as Debian 12.');
}

function checkEngine(): Check {
  const name = 'Engine';
  if (loadNative()) return good(name, 'native');
  const remedy =
    'Install a C compiler (Debian: apt-get install gcc libc6-dev) and start again with make or ' +
    'bin/with-node; native/build/build.log tells what was wrong.';
  const finding = 'not built for this machine: verifications take two to three times the time';
  return { name, state: 'warn', finding, remedy };
}

function checkDisk(config: Config): Check {
  const { bavail, bsize } = statfsSync(config.dataDir);
  const freeBytes = bavail * bsize;
  const finding = `${(freeBytes / 2 ** 30).toFixed(1)} GiB free at ${config.dataDir}`;
  return freeBytes >= freeBytesMin
    ? good('Disk', finding)
    : bad('Disk', finding, 'Free at least 1 GiB, or move LATCHKEY_DATA_DIR.');
}

/** Files beyond the first few are counted and not named. */
const namesMax = 5;

function checkQuarantine(name: string, spool: string): Check {
  const kept = readQuarantine(spool);
  if (kept.length === 0) return good(name, 'nothing was refused');
  const rowCount = kept.reduce((sum, file) => sum + file.rowCount, 0);
  const named = kept.slice(0, namesMax).map(lineOf);
  const more = kept.length > namesMax ? [`and ${kept.length - namesMax} more files`] : [];
  const head = `${rowCount} rows in ${kept.length} files of ${join(spool, 'quarantine')}:`;
  return {
    name,
    state: 'warn',
    finding: [head, ...named, ...more].join('\n         '),
    remedy:
      'Each line of a .jsonl file has a row and the reason: mend what is wrong, insert what you ' +
      'need again, and remove the file. A .sealed file is damaged, or of another version.',
  };
}

function lineOf({ file, rowCount, reason }: QuarantineFile): string {
  const why = reason && `, ${printable(reason)}`;
  return `${file}: ${rowCount} ${rowCount === 1 ? 'row' : 'rows'}${why}`;
}

async function checkPostgres(url: string): Promise<Check> {
  const name = 'PostgreSQL';
  const database = openDatabase(url, { connectionsMax: 1, applicationName: 'latchkey doctor' });
  try {
    const [row] = await database<{ version: string; number: number; nowMs: number }[]>`
      select current_setting('server_version') as version,
             current_setting('server_version_num')::int as number,
             extract(epoch from clock_timestamp()) * 1000 as "nowMs"`;
    const { version = '', number = 0, nowMs = 0 } = row ?? {};
    if (number < postgresVersionMin) return bad(name, version, 'Use PostgreSQL 14 or newer.');
    const skewMs = Math.abs(Number(nowMs) - Date.now());
    if (skewMs <= clockSkewMaxMs) return good(name, `${version}, clocks agree`);
    const finding = `${version}, its clock differs by ${Math.round(skewMs)} ms`;
    return { name, state: 'warn', finding, remedy: 'Let both machines follow a time server.' };
  } catch (error) {
    const finding = `${classifyDatabaseError(error)}: ${(error as Error).message}`;
    return bad(name, finding, 'Check LATCHKEY_DATABASE_URL and that the server runs.');
  } finally {
    await database.end({ timeout: 1 });
  }
}

async function checkClickhouse(url: string): Promise<Check> {
  const name = 'ClickHouse';
  const client = createClickhouse({ url, requestTimeoutMs: 5000, connectionsMax: 1 });
  try {
    const result = await client.query({ query: 'select version() as v', format: 'JSONEachRow' });
    const [row] = await result.json<{ v: string }>();
    return good(name, row?.v ?? '');
  } catch (error) {
    const { message } = error as Error;
    return bad(name, message, 'Check LATCHKEY_CLICKHOUSE_URL and that the server runs.');
  } finally {
    await client.close();
  }
}

function embeddedIsOff(name: string): Check {
  return good(name, 'embedded, not running: `latchkey start` starts it');
}

async function checkPort({ host, port }: Config): Promise<Check> {
  const code = await probePort(host, port);
  if (code === '') return good('Port', `${host}:${port} is free`);
  if (code === 'EADDRINUSE') return good('Port', `${host}:${port} is in use: a server is running`);
  return bad('Port', `${host}:${port}: ${code}`, 'Set LATCHKEY_HOST and LATCHKEY_PORT.');
}
