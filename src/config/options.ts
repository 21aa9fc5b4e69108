/**
 * The one table of settings. Environment variables, flags, `--help`, the README's table and the
 * Config type all come from it. To add a setting, add a row.
 */
import { defaultRetention, type Retention } from '../domain/retention.ts';
import type { LogFormat, LogLevel } from '../lib/logger.ts';
import { logLevels } from '../lib/logger.ts';

export type Option = {
  /** The flag is `--name`, the variable `LATCHKEY_NAME` with underscores. */
  readonly name: string;
  readonly kind: 'text' | 'integer' | 'url' | 'choice';
  readonly fallback: string;
  readonly range?: readonly [min: number, max: number];
  readonly choices?: readonly string[];
  readonly protocols?: readonly string[];
  readonly isSecret?: true;
  readonly text: string;
};

const mebibyte = 2 ** 20;

/** How long ClickHouse keeps rows; a change takes effect at the next start. */
function retentionOption<const Name extends keyof Retention>(name: Name, rows: string) {
  return {
    name,
    kind: 'integer',
    fallback: String(defaultRetention[name]),
    range: [1, 10_000],
    text: `Days for which ClickHouse keeps ${rows}.`,
  } as const satisfies Option;
}

export const options = [
  {
    name: 'host',
    kind: 'text',
    fallback: '127.0.0.1',
    text: 'Address that the API listens on; 0.0.0.0 for every IPv4 interface.',
  },
  {
    name: 'port',
    kind: 'integer',
    fallback: '7070',
    range: [1, 65535],
    text: 'Port of the API.',
  },
  {
    name: 'socket',
    kind: 'text',
    fallback: '',
    text:
      'Path of a Unix domain socket beside the port, for the first worker; the others have ' +
      '<path>.1, <path>.2 and so on. Empty: none.',
  },
  {
    name: 'admin-host',
    kind: 'text',
    fallback: '127.0.0.1',
    text: 'Address that the admin port listens on. It has no authentication: keep it private.',
  },
  {
    name: 'admin-port',
    kind: 'integer',
    fallback: '7071',
    range: [1, 65535],
    text: 'Port of /livez, /readyz and /metrics.',
  },
  {
    name: 'data-dir',
    kind: 'text',
    fallback: './latchkey-data',
    text: 'Folder of the key replica, the counters, the event spool and the embedded stores.',
  },
  {
    name: 'database-url',
    kind: 'url',
    fallback: '',
    protocols: ['postgres:', 'postgresql:'],
    isSecret: true,
    text: 'PostgreSQL 14 or newer. Empty: an embedded PostgreSQL in the data folder.',
  },
  {
    name: 'clickhouse-url',
    kind: 'url',
    fallback: '',
    protocols: ['http:', 'https:'],
    isSecret: true,
    text: 'ClickHouse over HTTP, http://user:password@host:8123/database. Empty: an embedded one.',
  },
  {
    name: 'clickhouse-reader-url',
    kind: 'url',
    fallback: '',
    protocols: ['http:', 'https:'],
    isSecret: true,
    text:
      'ClickHouse as the user who runs SQL of customers: it needs SELECT on public_<database> ' +
      'and nothing else. Empty: the user of clickhouse-url, or one of the embedded ClickHouse.',
  },
  {
    name: 'clickhouse-cluster',
    kind: 'text',
    fallback: '',
    text: 'Cluster in the configuration of ClickHouse on which the tables are made. Empty: none.',
  },
  retentionOption('verification-days', 'rows of single verifications'),
  retentionOption('ratelimit-days', 'rows of single rate-limit decisions'),
  retentionOption('ratelimit-minute-days', 'rate-limit decisions by the minute'),
  retentionOption('rollup-minute-days', 'verifications by the minute'),
  retentionOption('rollup-hour-days', 'sums by the hour'),
  retentionOption('rollup-day-days', 'sums by the day'),
  retentionOption('rollup-month-days', 'sums by the month'),
  {
    name: 'workers',
    kind: 'integer',
    fallback: '0',
    range: [0, 1024],
    text: 'Worker processes; 0 means one for each CPU.',
  },
  {
    name: 'root-key',
    kind: 'text',
    fallback: '',
    isSecret: true,
    text: 'Root key with full rights to create at the first start; empty: a random one is printed.',
  },
  {
    name: 'master-key',
    kind: 'text',
    fallback: '',
    isSecret: true,
    text: 'Master keys of recoverable keys: 32 bytes in base64, newest first, comma separated.',
  },
  {
    name: 'master-key-file',
    kind: 'text',
    fallback: '',
    text: 'A file (mode 600) with the master keys, a line each, instead of the setting.',
  },
  {
    name: 'body-bytes-max',
    kind: 'integer',
    fallback: String(4 * mebibyte),
    range: [1024, 256 * mebibyte],
    text: 'Largest request body that is read; past it the answer is 413.',
  },
  {
    name: 'spool-bytes-max',
    kind: 'integer',
    fallback: String(1024 * mebibyte),
    range: [16 * mebibyte, 2 ** 50],
    text: 'Largest size of the event spool; past it events are dropped and counted.',
  },
  {
    name: 'insert-rows-max',
    kind: 'integer',
    fallback: '250000',
    range: [1000, 1_000_000],
    text: 'Most events that are inserted into ClickHouse together.',
  },
  {
    name: 'insert-age-ms',
    kind: 'integer',
    fallback: '5000',
    range: [100, 600_000],
    text:
      'How long events are collected to be inserted together; up to 2,000 of them are collected ' +
      'for a second at most.',
  },
  {
    name: 'ingest-users-file',
    kind: 'text',
    fallback: '',
    text:
      'JSON file of who may insert into which tables through /ingest; read by each worker at its ' +
      'start. Empty: there is no /ingest.',
  },
  {
    name: 'ingest-bytes-max',
    kind: 'integer',
    fallback: String(1024 * mebibyte),
    range: [64 * mebibyte, 2 ** 50],
    text: 'Largest size of the spool of /ingest; past it inserts are answered with 503.',
  },
  {
    name: 'limit-slots',
    kind: 'integer',
    fallback: '0',
    range: [0, 2 ** 30],
    text:
      'How many rate-limit counters can run at a time; 37 bytes of shared memory each. 0: twice ' +
      'the number of keys at the start, but from 262,144 to 4,194,304.',
  },
  {
    name: 'credit-slots',
    kind: 'integer',
    fallback: '65536',
    range: [1024, 2 ** 30],
    text: 'How many keys can have credits leased to this node at a time; 24 bytes each.',
  },
  {
    name: 'drain-ms',
    kind: 'integer',
    fallback: '5000',
    range: [0, 600_000],
    text: 'How long a stopping worker goes on serving the connections that it has.',
  },
  {
    name: 'forward-auth-apis',
    kind: 'text',
    fallback: '',
    text:
      'Ids of APIs, with commas, whose keys /forward-auth checks without a root key: for whoever ' +
      'reaches the port, so only on a private network.',
  },
  {
    name: 'region',
    kind: 'text',
    fallback: '',
    text: 'Name of this place, stored with every event.',
  },
  {
    name: 'log-level',
    kind: 'choice',
    fallback: 'info',
    choices: logLevels,
    text: 'Least severe level that is logged.',
  },
  {
    name: 'engine',
    kind: 'choice',
    fallback: 'auto',
    choices: ['auto', 'typescript'],
    text:
      'What decides usual verifications; auto: the native engine, where it is built. Both answer ' +
      'alike.',
  },
  {
    name: 'log-format',
    kind: 'choice',
    fallback: 'auto',
    choices: ['auto', 'json', 'pretty'],
    text: 'Form of the log on standard error; auto: pretty on a terminal, JSON elsewhere.',
  },
] as const satisfies readonly Option[];

export type OptionName = (typeof options)[number]['name'];

/** The settings, checked and with their defaults filled in. */
export type Config = {
  host: string;
  port: number;
  /** Absolute; empty: none. */
  socket: string;
  adminHost: string;
  adminPort: number;
  dataDir: string;
  databaseUrl: string;
  clickhouseUrl: string;
  clickhouseReaderUrl: string;
  /** Empty for a single server. */
  clickhouseCluster: string;
  retention: Retention;
  workers: number;
  rootKey: string;
  masterKey: string;
  masterKeyFile: string;
  bodyBytesMax: number;
  spoolBytesMax: number;
  insertRowsMax: number;
  insertAgeMs: number;
  /** Absolute; empty: no ingest. */
  ingestUsersFile: string;
  ingestBytesMax: number;
  limitSlots: number;
  creditSlots: number;
  drainMs: number;
  forwardAuthApis: readonly string[];
  region: string;
  logLevel: LogLevel;
  engine: 'auto' | 'typescript';
  logFormat: 'auto' | LogFormat;
};

export function variableOf(name: string): string {
  return `LATCHKEY_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** What a value may be, in words: `1 to 65535`, `debug, info or warn`. */
export function allowedValues(option: Option): string {
  if (option.range) return `a whole number from ${option.range[0]} to ${option.range[1]}`;
  if (option.choices) return `one of ${option.choices.join(', ')}`;
  if (option.protocols) return `a URL starting with ${option.protocols.join('// or ')}//`;
  return 'any text';
}
