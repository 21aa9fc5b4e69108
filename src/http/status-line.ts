import { nodeHttp } from '../lib/node-http.ts';

/** `Not Found` for 404; undefined for a status that nothing names. */
export function statusText(status: number): string | undefined {
  return nodeHttp.STATUS_CODES[status];
}

/** `404 Not Found`: what stands behind the version in the first line of a response. */
export function statusLine(status: number): string {
  return `${status} ${statusText(status) ?? 'Unknown'}`;
}
