/** Where in a caller's request its key stands, and how a refusal asks for one there. */
import type { HttpRequest } from './uws.ts';

export type KeySource =
  /** `Authorization: Bearer <key>`. */
  | { kind: 'bearer' }
  /** The password of `Authorization: Basic`; without one, its user name. */
  | { kind: 'basic' }
  /** A header of this name, in lower case, as its whole value. */
  | { kind: 'header'; name: string }
  /** A parameter of the original URI's query string; the first of this name. */
  | { kind: 'query'; name: string };

export type PresentedKey = { key: string; source: KeySource };

const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** These carry other credentials or belong to the connection. */
const otherHeaders = new Set(['authorization', 'host', 'content-length', 'transfer-encoding']);

/** Reads `bearer`, `basic`, `header:<name>` or `query:<name>`; undefined for anything else. */
export function parseKeySource(text: string): KeySource | undefined {
  if (text === 'bearer' || text === 'basic') return { kind: text };
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (kind === 'query' && name !== '') return { kind, name };
  if (kind !== 'header') return undefined;
  const lowerName = name.toLowerCase();
  const isUsable = headerName.test(lowerName) && !otherHeaders.has(lowerName);
  return isUsable && !lowerName.startsWith('x-latchkey-') ? { kind, name: lowerName } : undefined;
}

/** The key at the first source that holds one, good or not; undefined when none does. */
export function findPresentedKey(
  sources: readonly KeySource[],
  request: HttpRequest,
  originalQuery: string,
): PresentedKey | undefined {
  for (const source of sources) {
    const key = keyAt(source, request, originalQuery);
    if (key !== '') return { key, source };
  }
  return undefined;
}

/** Empty when there is none. */
function keyAt(source: KeySource, request: HttpRequest, originalQuery: string): string {
  switch (source.kind) {
    case 'bearer':
      return credentials(request.getHeader('authorization'), 'bearer ');
    case 'basic':
      return passwordOf(credentials(request.getHeader('authorization'), 'basic '));
    case 'header':
      return request.getHeader(source.name).trim();
    case 'query':
      return parameterOf(originalQuery, source.name);
    default:
      return source satisfies never;
  }
}

/** What stands behind the scheme, which is of any case. */
function credentials(authorization: string, scheme: string): string {
  const found = authorization.slice(0, scheme.length).toLowerCase();
  return found === scheme ? authorization.slice(scheme.length).trim() : '';
}

function passwordOf(encoded: string): string {
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return password.join(':') || user;
}

function parameterOf(query: string, name: string): string {
  if (!query.includes(name) && !query.includes('%')) return '';
  return new URLSearchParams(query).get(name) ?? '';
}

/**
 * The value of `WWW-Authenticate`. Header and query parameter have no registered scheme; theirs
 * says where the key belongs. A token that was refused is told from one that is missing (RFC 6750).
 */
export function challenges(sources: readonly KeySource[], isRefused: boolean): string {
  return sources.map((source) => challenge(source, isRefused)).join(', ');
}

function challenge(source: KeySource, isRefused: boolean): string {
  switch (source.kind) {
    case 'bearer':
      return `Bearer realm="api"${isRefused ? ', error="invalid_token"' : ''}`;
    case 'basic':
      return 'Basic realm="api", charset="UTF-8"';
    case 'header':
      return `ApiKey realm="api", header="${source.name}"`;
    case 'query':
      return `ApiKey realm="api", query="${encodeURIComponent(source.name)}"`;
    default:
      return source satisfies never;
  }
}
