/**
 * How keys may have been hashed where they were imported from. The position is the number in
 * `keys.hash_kind` and in the replica's look-up: append, never reorder. Keys that were made here
 * have the first one.
 */
import { createHmac, hash } from 'node:crypto';

export const hashAlgorithms = [
  /** SHA-256 of the whole key. */
  'sha256',
  /** SHA-256 of the last part of `prefix_short_long`. */
  'github.com/seamapi/prefixed-api-key',
  /** SHA-512 of the whole key. */
  'sha512',
  /** HMAC of the whole key, under a secret of the place that the keys come from. */
  'hmac-sha256',
  'hmac-sha512',
] as const;

export type HashAlgorithm = (typeof hashAlgorithms)[number];

export function hashKindOf(algorithm: HashAlgorithm): number {
  return hashAlgorithms.indexOf(algorithm);
}

/** Whether hashes of this algorithm can only be made with a secret, the pepper. */
export function isKeyedHash(algorithm: HashAlgorithm): boolean {
  return algorithm.startsWith('hmac-');
}

/**
 * The hash that was stored for this key where it comes from, or undefined for a key that has not
 * the form of this algorithm's keys. `pepper` is for keyed hashes and ignored otherwise.
 */
export function foreignKeyHash(
  algorithm: HashAlgorithm,
  key: string,
  pepper: Uint8Array,
): Buffer | undefined {
  switch (algorithm) {
    case 'sha256':
    case 'sha512':
      return hash(algorithm, key, 'buffer');
    case 'hmac-sha256':
    case 'hmac-sha512':
      return createHmac(algorithm.slice('hmac-'.length), pepper).update(key).digest();
    case 'github.com/seamapi/prefixed-api-key': {
      const parts = splitPrefixedKey(key);
      return parts && hash('sha256', parts.longToken, 'buffer');
    }
    default:
      return algorithm satisfies never;
  }
}

export type PrefixedKey = { prefix: string; shortToken: string; longToken: string };

/** The parts of `prefix_short_long`, whose prefix may itself contain `_`. */
export function splitPrefixedKey(key: string): PrefixedKey | undefined {
  const parts = key.split('_');
  const longToken = parts.pop();
  const shortToken = parts.pop();
  if (longToken === undefined || shortToken === undefined || parts.length === 0) return undefined;
  return { prefix: parts.join('_'), shortToken, longToken };
}

/**
 * A hash from its text in hex or in base64, padded or not. No text can be both: the hex form of a
 * hash is longer than its base64 form. Undefined for what is no hash of this algorithm.
 */
export function parseHash(algorithm: HashAlgorithm, text: string): Buffer | undefined {
  const byteLength = algorithm.endsWith('512') ? 64 : 32;
  if (text.length === byteLength * 2) {
    return /^[0-9a-fA-F]+$/.test(text) ? Buffer.from(text, 'hex') : undefined;
  }
  const bytes = Buffer.from(text, 'base64');
  const padded = bytes.toString('base64');
  const isBase64 = text === padded || text === padded.replace(/=+$/, '');
  return isBase64 && bytes.length === byteLength ? bytes : undefined;
}
