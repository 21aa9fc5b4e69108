/**
 * What a proxy asks for, written by its operator as a query string:
 *
 *     key=bearer&key=header:x-api-key&permissions=documents.read&cost=2&limit=requests&tag=docs
 *
 * `key`          bearer, basic, header:<name> or query:<name>; several are tried in turn.
 *                Without any: bearer, then header:x-api-key.
 * `api`          only keys of this API.
 * `permissions`  as in keys.verifyKey.
 * `cost`         credits that a use costs.
 * `limit`        <name>, <name>:<cost> or <name>:<cost>:<limit>:<durationMs>; repeatable.
 * `tag`          stored with the event; repeatable.
 * `migration`    the import that keys may stem from which were not used since.
 * `hops`         how many proxies of the operator's stand in front of here: the caller's address is
 *                that many entries from the end of X-Forwarded-For. Without it: 1.
 *
 * A colon inside of a name is written %3A. What is wrong or unknown is refused, never ignored.
 */
import { type VerifyKeyBody, verifyKeyBody } from '../contract/verify-key.ts';
import { parsePermissionQuery } from '../verify/permission-query.ts';
import { createBodyValidator } from './body-validator.ts';
import { type KeySource, parseKeySource } from './key-source.ts';

export type ForwardAuthSettings = {
  sources: readonly KeySource[];
  /** Empty: any API that whoever asks may verify keys of. */
  apiId: string;
  hopCount: number;
  /** The verification but for its key. */
  check: Omit<VerifyKeyBody, 'key'>;
};

export type ParsedSettings =
  | { ok: true; settings: ForwardAuthSettings }
  /** A sentence for the operator. */
  | { ok: false; problem: string };

type LimitItem = NonNullable<VerifyKeyBody['ratelimits']>[number];

const defaultSources: readonly KeySource[] = [
  { kind: 'bearer' },
  { kind: 'header', name: 'x-api-key' },
];
const repeatable = new Set(['key', 'limit', 'tag']);
const known = new Set([...repeatable, 'api', 'permissions', 'cost', 'migration', 'hops']);
const hopsMax = 16;
const validateCheck = createBodyValidator(verifyKeyBody);

/** A proxy asks with the same few settings again and again: reading costs 2 to 6 µs, this 0.02. */
const cachedSettingsMax = 1000;
const cache = new Map<string, ParsedSettings>();

/** As `parseSettings`. When the cache is full it is emptied, which costs a parse each. */
export function cachedSettings(text: string): ParsedSettings {
  let parsed = cache.get(text);
  if (parsed === undefined) {
    parsed = parseSettings(text);
    if (cache.size >= cachedSettingsMax) cache.clear();
    cache.set(text, parsed);
  }
  return parsed;
}

export function parseSettings(text: string): ParsedSettings {
  const values = new Map<string, string[]>();
  for (const pair of text.split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!known.has(name)) return refuse(`${JSON.stringify(name)} is not a setting.`);
    const earlier = values.get(name) ?? [];
    if (earlier.length > 0 && !repeatable.has(name)) return refuse(`${name} is there twice.`);
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    if (value === '') return refuse(`${name} is empty.`);
    values.set(name, [...earlier, value]);
  }
  try {
    return assemble(values);
  } catch (error) {
    if (error instanceof URIError) return refuse('a percent-encoding is not complete.');
    throw error;
  }
}

type Values = ReadonlyMap<string, readonly string[]>;

function assemble(values: Values): ParsedSettings {
  const sources: KeySource[] = [];
  for (const text of decoded(values, 'key')) {
    const source = parseKeySource(text);
    if (!source) return refuse('key must be bearer, basic, header:<name> or query:<name>.');
    sources.push(source);
  }
  const [hops = '1'] = decoded(values, 'hops');
  const hopCount = count(hops);
  if (!(hopCount >= 1 && hopCount <= hopsMax)) {
    return refuse(`hops must be a whole number from 1 to ${hopsMax}.`);
  }
  const check = checkOf(values);
  const problem = problemOf(check);
  if (problem) return refuse(problem);
  const [apiId = ''] = decoded(values, 'api');
  const settings = { apiId, hopCount, check };
  return { ok: true, settings: { ...settings, sources: sources[0] ? sources : defaultSources } };
}

function checkOf(values: Values): ForwardAuthSettings['check'] {
  const [permissions] = decoded(values, 'permissions');
  const [cost] = decoded(values, 'cost');
  const limits = values.get('limit');
  const [migrationId] = decoded(values, 'migration');
  return {
    ...(permissions !== undefined && { permissions }),
    ...(cost !== undefined && { credits: { cost: count(cost) } }),
    ...(limits && { ratelimits: limits.map(limitItem) }),
    ...(values.has('tag') && { tags: decoded(values, 'tag') }),
    ...(migrationId !== undefined && { migrationId }),
  };
}

function decoded(values: Values, name: string): string[] {
  return (values.get(name) ?? []).map(decode);
}

/** Split before it is decoded, so that a colon can stand in a name. */
function limitItem(text: string): LimitItem {
  const [name = '', cost, limit, duration, ...more] = text.split(':').map(decode);
  const isHalf = limit !== undefined && duration === undefined;
  return {
    // What is too much or too little makes the name too short to be one: it is then refused.
    name: more.length > 0 || isHalf ? '' : name,
    ...(cost !== undefined && { cost: count(cost) }),
    ...(limit !== undefined && { limit: count(limit) }),
    ...(duration !== undefined && { duration: count(duration) }),
  };
}

/** NaN, which no schema accepts, for what is not a whole number. */
function count(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** The bounds are those of keys.verifyKey, so its schema decides. */
function problemOf(check: ForwardAuthSettings['check']): string | undefined {
  const violation = validateCheck('', { key: 'any', ...check })?.errors?.[0];
  if (violation) return `${violation.location.replace('/properties', '')}: ${violation.message}.`;
  const query =
    check.permissions === undefined ? undefined : parsePermissionQuery(check.permissions);
  return query?.ok === false ? `permissions: ${query.problem}.` : undefined;
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function refuse(problem: string): ParsedSettings {
  return { ok: false, problem: `The settings of forward auth: ${problem}` };
}
