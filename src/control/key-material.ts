import { randomBytes } from 'node:crypto';
import { base58 } from '@scure/base';
import { withChecksum } from '../domain/key-checksum.ts';
import { keyHash } from '../domain/key-hash.ts';

const startCharacters = 4;

/** A new secret. `key` is shown once and then gone; only `hash` and `start` are kept. */
export type KeyMaterial = { key: string; hash: Buffer; start: string };

export type KeyForm = {
  /** Empty for none. */
  prefix: string;
  byteLength: number;
  hasChecksum: boolean;
};

/** `[<prefix>_]<base58 of random bytes>[<checksum>]`. */
export function newKeyMaterial({ prefix, byteLength, hasChecksum }: KeyForm): KeyMaterial {
  const random = base58.encode(randomBytes(byteLength));
  const secret = hasChecksum ? withChecksum(random) : random;
  const lead = prefix === '' ? '' : `${prefix}_`;
  const key = lead + secret;
  return { key, hash: keyHash(key), start: lead + secret.slice(0, startCharacters) };
}

/** What is shown of a key that somebody else made: enough to recognise it, not to guess it. */
export function startOf(key: string): string {
  const secretAt = key.lastIndexOf('_') + 1;
  return key.slice(0, secretAt + startCharacters);
}

/** The prefix of a key by its start; empty for a key without. */
export function prefixOf(start: string): string {
  return start.slice(0, Math.max(start.lastIndexOf('_'), 0));
}
