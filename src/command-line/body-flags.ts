/** From the schema of a request body to flags, and from flags and words back to a body. */
import { readFileSync } from 'node:fs';
import type { Schema } from '../contract/json-schema.ts';
import { type FlagDescription, type Flags, UsageFault } from './command.ts';

/**
 * Fields that no flag stands for: the command line shows no secret that was not just created, and
 * it turns pages itself.
 */
const hidden = new Set(['decrypt', 'revalidateKeysCache']);

/** Instants lie ahead, or behind when something is looked for in the past. */
const instants = new Map([
  ['expires', 1],
  ['from', -1],
  ['to', -1],
]);
const durations = new Set(['duration', 'expiration']);
const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The flags for all fields of `body` but those that are given as words. */
export function flagsOf(body: Schema, words: readonly string[]): FlagDescription[] {
  return Object.entries(body.properties ?? {})
    .filter(([name]) => !hidden.has(name) && !words.includes(name))
    .map(([name, schema]) => ({
      name: flagName(name),
      kind: typesOf(schema).includes('boolean') ? 'switch' : 'text',
      text: `${schema.description ?? ''}${formText(name, schema)}`,
    }));
}

/** `externalId` → `external-id`. */
export function flagName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function formText(name: string, schema: Schema): string {
  const direction = instants.get(name);
  if (direction) return ` Or a date, or 30d, 12h, 5m ${direction > 0 ? 'from now' : 'ago'}.`;
  if (durations.has(name)) return ' Or as 7d, 12h, 5m, 30s.';
  if (schema.enum && schema.enum.length <= 5) return ` ${schema.enum.join(', ')}.`;
  const types = typesOf(schema);
  if (types.includes('object')) return ' As JSON, or @file.';
  if (!types.includes('array')) return '';
  return isTextList(schema) ? ' Comma separated.' : ' As JSON, or @file.';
}

export type BodyParts = {
  /** The fields that are given as words, in their order. */
  fields: readonly string[];
  words: readonly string[];
  flags: Flags;
  nowMs: number;
};

/** --body first; then words and flags, which replace what it says; then --clear. */
export function bodyOf(schema: Schema, { fields, words, flags, nowMs }: BodyParts): object {
  const properties = schema.properties ?? {};
  const body: Record<string, unknown> = { ...givenBody(flags.body) };
  if (words.length > fields.length) {
    throw new UsageFault(`'${words[fields.length]}' is one word too many`);
  }
  for (const [at, word] of words.entries()) {
    const field = fields[at] as string;
    body[field] = fieldValue(field, { schema: properties[field], text: word, nowMs });
  }
  for (const [field, property] of Object.entries(properties)) {
    const text = flags[flagName(field)];
    if (text === undefined || fields.includes(field)) continue;
    body[field] = fieldValue(field, { schema: property, text, nowMs });
  }
  for (const name of textList(flags.clear ?? '')) clear(properties, body, name);
  const missing = fields.find((field) => body[field] === undefined);
  if (missing !== undefined) throw new UsageFault(`<${flagName(missing)}> is missing`);
  if (body.decrypt) throw new UsageFault('the command line shows no stored secrets: no "decrypt"');
  return body;
}

function givenBody(text: string | undefined): object {
  if (text === undefined) return {};
  const value = parseJson('body', text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UsageFault('--body must be a JSON object, or @file, or @- for standard input');
}

/** `-` is standard input. */
function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageFault(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function clear(
  properties: Readonly<Record<string, Schema>>,
  body: Record<string, unknown>,
  name: string,
): void {
  const field = Object.keys(properties).find((one) => flagName(one) === name || one === name);
  const property = field === undefined ? undefined : properties[field];
  if (field === undefined || !property || !typesOf(property).includes('null')) {
    const clearable = Object.entries(properties).filter(([, one]) => typesOf(one).includes('null'));
    const names = clearable.map(([one]) => flagName(one)).join(', ');
    throw new UsageFault(`--clear cannot clear '${name}', but ${names || 'nothing here'}`);
  }
  body[field] = null;
}

type Given = { schema: Schema | undefined; text: string; nowMs: number };

function fieldValue(field: string, { schema, text, nowMs }: Given): unknown {
  const types = schema ? typesOf(schema) : ['string'];
  // A key given as a word stays in the shell's history: it may come from standard input instead.
  if (types.includes('string'))
    return field === 'key' && text === '-' ? readText('-').trim() : text;
  if (types.includes('integer')) return numberOf(field, text, nowMs);
  if (types.includes('boolean')) return text !== 'false';
  if (schema && isTextList(schema) && !text.trimStart().startsWith('[')) return textList(text);
  return parseJson(flagName(field), text);
}

function numberOf(field: string, text: string, nowMs: number): number {
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  const [, count = '', unit = ''] = /^(\d{1,9})(ms|[smhd])$/.exec(text) ?? [];
  const spanMs = Number(count) * (unitsMs[unit] ?? 0);
  const direction = instants.get(field);
  if (direction !== undefined) {
    if (unit !== '') return nowMs + direction * spanMs;
    const atMs = Date.parse(text);
    if (!Number.isNaN(atMs)) return atMs;
    throw new UsageFault(
      `${flagName(field)} must be Unix milliseconds, a date as 2030-01-31, or a span as 30d, ` +
        `not '${text}'`,
    );
  }
  if (durations.has(field) && unit !== '') return spanMs;
  throw new UsageFault(`${flagName(field)} must be a whole number, not '${text}'`);
}

/** `@file` is read, `@-` is standard input. */
function parseJson(name: string, text: string): unknown {
  const source = text.startsWith('@') ? readText(text.slice(1)) : text;
  try {
    return JSON.parse(source);
  } catch {
    // V8's message would repeat the text, which may be a secret.
    throw new UsageFault(`--${name} is not JSON; in a shell, put it in single quotes`);
  }
}

function textList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

function typesOf(schema: Schema): readonly string[] {
  return [schema.type].flat();
}

function isTextList({ items }: Schema): boolean {
  return items !== undefined && typesOf(items).includes('string');
}
