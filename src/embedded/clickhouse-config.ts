/**
 * What the embedded ClickHouse reads: settings, users and first statements, as files.
 *
 * The engine is `clickhouse local` with a listener. Its own session, which has to open that
 * listener, logs in as `default` from 127.0.0.1 without a password, and nothing can change that;
 * so `default` has few rights and one session at most. That one is taken before the listener opens:
 * whoever comes over HTTP as `default` is refused. Everybody else needs the password of `latchkey`.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

const mebibyte = 2 ** 20;

/** The engines that keep their rows in the store's own folder. */
const tableEngines = [
  ...['MergeTree', 'ReplacingMergeTree', 'SummingMergeTree', 'AggregatingMergeTree'],
  ...['Memory', 'Null', 'Buffer'],
];
/**
 * Everything on tables; nothing that reads or writes outside of them (files, URLs, other servers,
 * dictionaries over these), so that a query which slips past every other guard still sees the
 * database alone.
 */
const latchkeyGrants = [
  'SHOW, SELECT, INSERT, ALTER, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK ON *.*',
  'CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE ON *.*',
  'KILL QUERY, SYSTEM ON *.*',
  ...tableEngines.map((engine) => `TABLE ENGINE ON ${engine}`),
];
/** Whoever asks on behalf of customers sees the views that are made for them, and nothing else. */
const readerGrants = ['SELECT ON public_*.*'];
const starterGrants = ['SYSTEM LISTEN ON *.*', 'CREATE DATABASE ON latchkey.*'];

/** The last statement sleeps for ever, because the engine ends with its last statement. */
const firstStatements = `
  CREATE DATABASE IF NOT EXISTS latchkey;
  SYSTEM START LISTEN HTTP;
  SELECT sleepEachRow(3) FROM system.numbers SETTINGS max_block_size = 1 FORMAT Null;
`;

export type ClickhouseFiles = { readonly folder: string; readonly password: string };

/** The user for customers' queries. */
const readerName = 'latchkey_reader';

/** The same server and database as at `url`, which is that of `latchkey`, for the reader. */
export function readerUrl(url: string): string {
  const reader = new URL(url);
  reader.username = readerName;
  reader.password = readerPassword(reader.password);
  return reader.href;
}

/** Made out of the password of `latchkey`, to which it does not lead back. */
function readerPassword(password: string): string {
  return createHash('sha256').update(`${readerName} ${password}`).digest('hex').slice(0, 32);
}

/** Where the server keeps its tables. */
export const clickhousePath = (folder: string) => join(folder, 'store');

/** Writes the files anew and returns the arguments that name them. */
export function writeClickhouseFiles({ folder, password }: ClickhouseFiles, port: number) {
  const configPath = join(folder, 'config.xml');
  const statementsPath = join(folder, 'start.sql');
  const write = (path: string, text: string) => writeFileSync(path, text, { mode: 0o600 });
  write(configPath, xml({ clickhouse: serverSettings(folder, port) }));
  write(join(folder, 'users.xml'), xml({ clickhouse: users(password) }));
  write(statementsPath, firstStatements);
  return [`--config-file=${configPath}`, `--queries-file=${statementsPath}`];
}

function serverSettings(folder: string, port: number): XmlElement {
  const cacheBytes = 64 * mebibyte;
  return {
    path: clickhousePath(folder),
    users_config: join(folder, 'users.xml'),
    listen_host: '127.0.0.1',
    http_port: port,
    max_server_memory_usage: memoryBytesMax(),
    mark_cache_size: cacheBytes,
    primary_index_cache_size: cacheBytes,
    index_mark_cache_size: cacheBytes,
    // It looks every 50 ms how much memory is used, with the highest priority there is: on a small
    // machine that takes a processor from the workers, in the kernel for up to a millisecond.
    memory_worker_period_ms: 500,
    // With the default of 2 its own housekeeping tasks wait for each other and warn about it.
    background_schedule_pool_size: 8,
    // Merging parts takes as much time as inserting them, and can wait. Without the right to set
    // priorities it does not.
    os_threads_nice_value_merge_mutate: 19,
  };
}

/** A quarter of the memory that we may use, from 1 to 4 GiB. */
function memoryBytesMax(): number {
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.round(Math.min(Math.max(available / 4, 1_024 * mebibyte), 4_096 * mebibyte));
}

function users(password: string): XmlElement {
  const networks = { ip: '127.0.0.1' };
  const grants = (rights: string[]) => ({ query: rights.map((right) => `GRANT ${right}`) });
  return {
    profiles: {
      default: {},
      starter: {
        max_sessions_for_user: 1,
        function_sleep_max_microseconds_per_block: 10_000_000,
      },
    },
    quotas: { default: {} },
    users: {
      default: {
        password: '',
        networks,
        profile: 'starter',
        quota: 'default',
        grants: grants([...starterGrants, 'SELECT ON system.numbers']),
      },
      latchkey: {
        password_sha256_hex: sha256(password),
        networks,
        profile: 'default',
        quota: 'default',
        grants: grants(latchkeyGrants),
      },
      [readerName]: {
        password_sha256_hex: sha256(readerPassword(password)),
        networks,
        profile: 'default',
        quota: 'default',
        grants: grants(readerGrants),
      },
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type XmlElement = { [name: string]: string | number | string[] | XmlElement };

function xml(element: XmlElement): string {
  const one = (name: string, content: string) => `<${name}>${content}</${name}>\n`;
  return Object.entries(element)
    .flatMap(([name, value]) => {
      if (Array.isArray(value)) return value.map((text) => one(name, escaped(text)));
      return one(name, typeof value === 'object' ? xml(value) : escaped(String(value)));
    })
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
