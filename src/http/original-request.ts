/**
 * The request that a proxy asks about, as the proxy tells it. Every word of it is only recorded,
 * but for the address, which allow-lists are compared with, and a key in the query string.
 */
import { withoutPort } from './caller-address.ts';
import type { HttpRequest } from './uws.ts';

export type OriginalRequest = {
  method: string;
  /** Without its query string, where a key could stand. */
  path: string;
  query: string;
  /** Empty when the proxy does not tell it; no allow-list contains that. */
  clientAddress: string;
};

/** Where the proxy puts the URI: in headers, or behind the path of the endpoint. */
export type UriPlace = 'headers' | 'path';

/** The path of the endpoint behind which the original URI follows, slash and all. */
export const uriPathPrefix = '/forward-auth/original';

const methodLengthMax = 32;
const pathLengthMax = 1024;
/** No key of ours is shorter; striking out every `a` would only spoil the path. */
const struckLengthMin = 8;

/**
 * X-Forwarded-Method and -Uri (Traefik, Caddy), else X-Original-Method and -URI (nginx): a proxy
 * that sets one pair has to remove the other.
 */
export function readOriginalRequest(
  request: HttpRequest,
  place: UriPlace,
  hopCount: number,
): OriginalRequest {
  const clientAddress = addressBefore(request.getHeader('x-forwarded-for'), hopCount);
  if (place === 'path') {
    const path = request.getUrl().slice(uriPathPrefix.length);
    return original(
      request.getMethod().toUpperCase(),
      path,
      request.getQuery() ?? '',
      clientAddress,
    );
  }
  const method = request.getHeader('x-forwarded-method') || request.getHeader('x-original-method');
  const uri = request.getHeader('x-forwarded-uri') || request.getHeader('x-original-uri');
  const mark = uri.indexOf('?');
  if (mark < 0) return original(method, uri, '', clientAddress);
  return original(method, uri.slice(0, mark), uri.slice(mark + 1), clientAddress);
}

function original(
  method: string,
  path: string,
  query: string,
  clientAddress: string,
): OriginalRequest {
  return { method: method.slice(0, methodLengthMax), path, query, clientAddress };
}

/** What may be recorded of it. A key in the path is struck out first and the path cut then. */
export function recordable(
  { method, path, clientAddress }: OriginalRequest,
  key: string,
): { method: string; path: string; clientAddress: string } {
  const isThere = key.length >= struckLengthMin && path.includes(key);
  const struck = isThere ? path.replaceAll(key, '***') : path;
  return { method, path: struck.slice(0, pathLengthMax), clientAddress };
}

/**
 * Whoever spoke to the first of `hopCount` proxies, each of which adds at the end of the list the
 * address that it was called from: what stands further left is the caller's own invention. With
 * fewer entries than proxies it is the first.
 */
function addressBefore(forwardedFor: string, hopCount: number): string {
  if (!forwardedFor.includes(',')) return withoutPort(forwardedFor);
  const entries = forwardedFor.split(',');
  return withoutPort((entries[Math.max(entries.length - hopCount, 0)] ?? '').trim());
}
