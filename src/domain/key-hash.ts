import { hash } from 'node:crypto';

/** SHA-256 over the whole key string, prefix included: 32 bytes. The key itself is never kept. */
export function keyHash(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
