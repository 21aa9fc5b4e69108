import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defaultRetention, type Retention } from '../domain/retention.ts';
import { socketPathBytesMax } from '../lib/socket-file.ts';
import {
  allowedValues,
  type Config,
  type Option,
  type OptionName,
  options,
  variableOf,
} from './options.ts';

export type ConfigProblem = { name: string; problem: string };

export type ParsedConfig =
  | { ok: true; config: Config }
  /** Every problem at once, each naming the flag or variable that it comes from. */
  | { ok: false; problems: ConfigProblem[] };

export type ConfigSource = {
  /** The environment: only names starting with LATCHKEY_ are looked at. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Flags without their dashes, as given on the command line. They win over the environment. */
  flags: Readonly<Record<string, string | undefined>>;
};

const table: readonly Option[] = options;
/** Read by the command line's clients, not by the server. */
/** With room for the number of a worker behind it. */
const socketBytesMax = socketPathBytesMax - '.1023~'.length;
const clientVariables = ['LATCHKEY_URL', 'LATCHKEY_PROFILE'];

export function parseConfig({ environment, flags }: ConfigSource): ParsedConfig {
  const problems: ConfigProblem[] = [...unknownVariables(environment), ...unknownFlags(flags)];
  const values: Record<string, string | number> = {};
  for (const option of table) {
    const fromFlag = flags[option.name];
    const text = fromFlag ?? (environment[variableOf(option.name)] || option.fallback);
    const checked = check(option, text);
    if (checked.ok) values[option.name] = checked.value;
    else {
      const name = fromFlag === undefined ? variableOf(option.name) : `--${option.name}`;
      problems.push({ name, problem: checked.problem });
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  return finish(toConfig(values as Record<OptionName, never>));
}

function unknownVariables(environment: ConfigSource['environment']): ConfigProblem[] {
  const known = new Set([...table.map((option) => variableOf(option.name)), ...clientVariables]);
  return Object.keys(environment)
    .filter((name) => name.startsWith('LATCHKEY_') && !name.startsWith('LATCHKEY_TEST_'))
    .filter((name) => !known.has(name))
    .map((name) => ({ name, problem: 'is not a setting; `latchkey start --help` lists them' }));
}

function unknownFlags(flags: ConfigSource['flags']): ConfigProblem[] {
  return Object.keys(flags)
    .filter((name) => !table.some((option) => option.name === name))
    .map((name) => ({
      name: `--${name}`,
      problem: 'is not a setting; `latchkey start --help` lists them',
    }));
}

type Checked = { ok: true; value: string | number } | { ok: false; problem: string };

function check(option: Option, text: string): Checked {
  const refuse = (): Checked => ({
    ok: false,
    // A secret is not repeated: the message may end in a log.
    problem: `must be ${allowedValues(option)}${option.isSecret ? '' : `, not '${text}'`}`,
  });
  switch (option.kind) {
    case 'text':
      return { ok: true, value: text };
    case 'integer': {
      if (!/^\d{1,16}$/.test(text)) return refuse();
      const value = Number(text);
      const [min, max] = option.range ?? [0, Number.MAX_SAFE_INTEGER];
      return value >= min && value <= max ? { ok: true, value } : refuse();
    }
    case 'choice':
      return option.choices?.includes(text) ? { ok: true, value: text } : refuse();
    case 'url':
      return text === '' || isUrl(text, option.protocols ?? [])
        ? { ok: true, value: text }
        : refuse();
    default:
      return option.kind satisfies never;
  }
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function toConfig(values: Record<OptionName, never>): Config {
  return {
    host: values.host,
    port: values.port,
    socket: values.socket && resolve(values.socket),
    adminHost: values['admin-host'],
    adminPort: values['admin-port'],
    dataDir: resolve(values['data-dir']),
    databaseUrl: values['database-url'],
    clickhouseUrl: values['clickhouse-url'],
    clickhouseReaderUrl: values['clickhouse-reader-url'],
    clickhouseCluster: values['clickhouse-cluster'],
    retention: retentionOf(values),
    workers: values.workers || availableParallelism(),
    rootKey: values['root-key'],
    masterKey: values['master-key'],
    masterKeyFile: values['master-key-file'],
    bodyBytesMax: values['body-bytes-max'],
    spoolBytesMax: values['spool-bytes-max'],
    insertRowsMax: values['insert-rows-max'],
    insertAgeMs: values['insert-age-ms'],
    ingestUsersFile: values['ingest-users-file'] && resolve(values['ingest-users-file']),
    ingestBytesMax: values['ingest-bytes-max'],
    limitSlots: values['limit-slots'],
    creditSlots: values['credit-slots'],
    drainMs: values['drain-ms'],
    forwardAuthApis: entriesOf(values['forward-auth-apis']),
    region: values.region,
    logLevel: values['log-level'],
    engine: values.engine,
    logFormat: values['log-format'],
  };
}

function retentionOf(values: Record<OptionName, never>): Retention {
  const retention: Retention = { ...defaultRetention };
  for (const name of Object.keys(retention) as (keyof Retention)[]) retention[name] = values[name];
  return retention;
}

function finish(config: Config): ParsedConfig {
  const problems: ConfigProblem[] = [];
  if (config.port === config.adminPort) {
    problems.push({ name: 'LATCHKEY_ADMIN_PORT', problem: 'must differ from LATCHKEY_PORT' });
  }
  if (config.rootKey !== '' && !/^[\x21-\x7e]{16,512}$/.test(config.rootKey)) {
    problems.push({
      name: 'LATCHKEY_ROOT_KEY',
      problem: 'must be 16 to 512 printable characters without spaces',
    });
  }
  if (Buffer.byteLength(config.socket) > socketBytesMax) {
    problems.push({
      name: 'LATCHKEY_SOCKET',
      problem: `must be a path of at most ${socketBytesMax} bytes, and is '${config.socket}'`,
    });
  }
  const strange = config.forwardAuthApis.find((apiId) => !/^[\w-]+$/.test(apiId));
  if (strange !== undefined) {
    problems.push({
      name: 'LATCHKEY_FORWARD_AUTH_APIS',
      problem: `must be ids of APIs with commas between them; '${strange}' is none`,
    });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

function entriesOf(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}
