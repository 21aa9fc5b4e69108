/**
 * From the bytes of a request body to a value that a handler may trust, or to the fault that tells
 * the caller everything that is wrong with it. A body is hostile until proven otherwise: nothing
 * here throws, the time is linear in the size of the body, and the answer is bounded.
 */

import type { Ajv, ValidateFunction } from 'ajv';
import type { Schema } from '../contract/json-schema.ts';
import { fault, type RequestFault, type Violation } from '../domain/error-catalogue.ts';
import { createBoundedAjv } from './bounded-ajv.ts';
import { storableJson } from './storable-json.ts';
import { quote, toViolations, violationsMax } from './violations.ts';

/** A fault for a body that violates the schema; undefined for one that may be used as it is. */
export type BodyValidator = (path: string, body: unknown) => RequestFault | undefined;

let sharedAjv: Ajv | undefined;

/**
 * The schema is compiled at the first call (verifyKey's takes 3 ms, createKey's 13 ms, all 40 some
 * 100 ms), so that a start compiles nothing that nobody asks for; call it once beforehand where
 * the first request must not wait. A body that is good then takes 0.1 µs.
 */
export function createBodyValidator(schema: Schema): BodyValidator {
  let validate: ValidateFunction | undefined;
  return (path, body) => {
    sharedAjv ??= createBoundedAjv(violationsMax);
    validate ??= sharedAjv.compile(schema);
    if (validate(body)) return undefined;
    const violations = toViolations(validate.errors ?? []);
    // The errors refer to the body and would keep it in memory until the next bad one comes.
    validate.errors = null;
    return invalid(schemaDetail(path), violations);
  };
}

/** How deep objects and arrays may nest; `JSON.stringify` overflows the stack at some 5,000. */
const depthMax = 256;
const contentTypeLengthMax = 128;

export type JsonBody = { ok: true; value: unknown } | { ok: false; fault: RequestFault };

/**
 * Reads `bytes` as JSON. `contentType` is the header as it came, empty when absent. Of a field that
 * is given twice the last one counts. NUL and lone surrogates, which PostgreSQL cannot store, are
 * read as U+FFFD, so that no later stage can stumble over them.
 */
export function parseJsonBody(path: string, contentType: string, bytes: Uint8Array): JsonBody {
  if (!isJson(contentType)) return refuse(contentTypeFault(contentType));
  if (bytes.length === 0) return refuse(emptyFault(path));
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse(unreadableFault(path, 'the bytes are not UTF-8'));
  if (isTooDeep(text)) {
    return refuse(unreadableFault(path, `nesting is deeper than ${depthMax} levels`));
  }
  try {
    return { ok: true, value: JSON.parse(storableJson(text)) };
  } catch (error) {
    return refuse(unreadableFault(path, withoutExcerpt((error as Error).message)));
  }
}

function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const semicolon = contentType.indexOf(';');
  const mediaType = semicolon < 0 ? contentType : contentType.slice(0, semicolon);
  return mediaType.trim().toLowerCase() === 'application/json';
}

/** Fatal, so that two different byte strings never become the same text; a BOM is not JSON. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Counts brackets outside strings. Text too short to close that many is not looked at. */
function isTooDeep(text: string): boolean {
  if (text.length <= 2 * depthMax) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x22 /* " */) inString = !inString;
    else if (inString) {
      if (char === 0x5c /* \ */) at += 1;
    } else if (char === 0x7b /* { */ || char === 0x5b /* [ */) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (char === 0x7d /* } */ || char === 0x5d /* ] */) depth -= 1;
  }
  return false;
}

/** V8 repeats a piece of the body in its message; that may be of a key, and messages get logged. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (?:\.\.\.)?".*$/s, '');
}

function refuse(fault: RequestFault): JsonBody {
  return { ok: false, fault };
}

function contentTypeFault(contentType: string): RequestFault {
  const shown = contentType.slice(0, contentTypeLengthMax);
  return invalid(`POST operation request content type '${shown}' does not exist`, [
    {
      location: 'requestBody',
      message: `the content type ${quote(shown)} is not supported`,
      fix: "send the header 'Content-Type: application/json'",
    },
  ]);
}

function emptyFault(path: string): RequestFault {
  return invalid(`POST request body is empty for '${path}'`, [
    {
      location: 'requestBody',
      message: 'the request has no body',
      fix: 'send a JSON body that follows the schema of this operation',
    },
  ]);
}

function unreadableFault(path: string, problem: string): RequestFault {
  return invalid(schemaDetail(path), [
    {
      location: 'requestBody',
      message: `the body is not JSON: ${problem}`,
      fix: 'send a body that is one valid JSON value, in UTF-8',
    },
  ]);
}

function schemaDetail(path: string): string {
  return `POST request body for '${path}' failed to validate schema`;
}

function invalid(detail: string, errors: readonly Violation[]): RequestFault {
  return fault('unkey/application/invalid_input', detail, errors);
}
