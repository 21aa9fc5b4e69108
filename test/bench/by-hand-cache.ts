/** What the hand-written service keeps in Redis of a key. */
export type CachedKey = { keyId: string; isEnabled: boolean; permissions: string[]; limit: number };

export const cacheSeconds = 3600;

/** `hash`: SHA-256 of the key, in hexadecimal. */
export function cacheName(hash: string): string {
  return `key:${hash}`;
}
