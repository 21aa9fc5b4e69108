import { STATUS_CODES } from 'node:http';

/** `404 Not Found`: what stands behind the version in the first line of a response. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}
