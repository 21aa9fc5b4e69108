import type { Exchange } from './exchange.ts';

/**
 * The address of whoever calls: the first entry of X-Forwarded-For, which a reverse proxy in front
 * sets, without its port; else that of the connection. Empty when the connection is gone.
 */
export function callerAddress({ forwardedFor, response, isAborted }: Exchange): string {
  for (const entry of forwardedFor.split(',')) {
    const address = withoutPort(entry.trim());
    if (address !== '') return address;
  }
  return isAborted ? '' : Buffer.from(response.getRemoteAddressAsText()).toString('latin1');
}

/** `192.0.2.1:80` and `[2001:db8::1]:80` lose their port; a bare IPv6 address has none. */
export function withoutPort(address: string): string {
  if (!address.includes(':')) return address;
  if (address.startsWith('[')) return address.slice(1).split(']', 1)[0] ?? '';
  const [host = '', port, more] = address.split(':');
  return port !== undefined && more === undefined ? host : address;
}
