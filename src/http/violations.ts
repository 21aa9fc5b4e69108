/**
 * From what Ajv found to what the caller reads: one item per violation, located by the JSON pointer
 * of the schema keyword that was violated, worded as the contract fixes it.
 */
import type { ErrorObject } from 'ajv';
import type { Violation } from '../domain/error-catalogue.ts';

/** Of a body with more faults than this, the first ones are told. */
export const violationsMax = 100;
/** What is repeated of a name or value that the caller sent, in UTF-16 units. */
const quotedLengthMax = 128;

/** In the order of the schema; missing properties of one object are one violation. */
export function toViolations(errors: readonly ErrorObject[]): Violation[] {
  const violations: Violation[] = [];
  for (let at = 0; at < errors.length && violations.length < violationsMax; at += 1) {
    const error = errors[at] as ErrorObject;
    const location = error.schemaPath.slice(1);
    if (error.keyword !== 'required') {
      violations.push({ location, message: describe(error) });
      continue;
    }
    const missing = [error.params.missingProperty as string];
    for (let next = errors[at + 1]; next && isSamePlace(error, next); next = errors[at + 1]) {
      missing.push(next.params.missingProperty as string);
      at += 1;
    }
    const noun = missing.length === 1 ? 'property' : 'properties';
    violations.push({ location, message: `missing ${noun} ${quoteAll(missing)}` });
  }
  return violations;
}

function isSamePlace(one: ErrorObject, other: ErrorObject): boolean {
  return one.schemaPath === other.schemaPath && one.instancePath === other.instancePath;
}

/** `schema` is the keyword's value and `data` what it was applied to: Ajv's verbose mode. */
function describe({ keyword, schema, data, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `got ${jsonType(data)}, want ${[schema].flat().join(' or ')}`;
    case 'minLength':
    case 'maxLength':
      return `${keyword}: got ${codePointCount(data as string)}, want ${schema}`;
    case 'minItems':
    case 'maxItems':
      return `${keyword}: got ${(data as unknown[]).length}, want ${schema}`;
    case 'maxProperties':
      return `${keyword}: got ${Object.keys(data as object).length}, want ${schema}`;
    case 'minimum':
    case 'maximum':
      return `${keyword}: got ${data}, want ${schema}`;
    case 'pattern':
      return `${quote(data as string)} does not match pattern ${quote(schema as string)}`;
    case 'enum':
      return `value must be one of ${quoteAll(schema as string[])}`;
    case 'additionalProperties':
      return `additional properties ${quoteAll(params.additionalProperties)} not allowed`;
    default:
      return message ?? `${keyword} is violated`;
  }
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

export function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function quoteAll(texts: readonly string[]): string {
  return texts.map(quote).join(', ');
}

/** In single quotes, with control characters escaped, and cut where it is too long to repeat. */
export function quote(text: string): string {
  const shown = text.length > quotedLengthMax ? `${text.slice(0, quotedLengthMax)}…` : text;
  const escaped = JSON.stringify(shown).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}
