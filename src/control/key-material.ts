import { randomBytes } from 'node:crypto';
import { base58 } from '@scure/base';
import { keyHash } from '../domain/key-hash.ts';

const startCharacters = 4;

/** A new secret. `key` is shown once and then gone; only `hash` and `start` are kept. */
export type KeyMaterial = { key: string; hash: Buffer; start: string };

/** `[<prefix>_]<base58 of random bytes>`. */
export function newKeyMaterial(prefix: string, byteLength: number): KeyMaterial {
  const secret = base58.encode(randomBytes(byteLength));
  const lead = prefix === '' ? '' : `${prefix}_`;
  const key = lead + secret;
  return { key, hash: keyHash(key), start: lead + secret.slice(0, startCharacters) };
}

/** What is shown of a key that somebody else made: enough to recognise it, not to guess it. */
export function startOf(key: string): string {
  const secretAt = key.lastIndexOf('_') + 1;
  return key.slice(0, secretAt + startCharacters);
}
