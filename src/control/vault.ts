/**
 * Envelope encryption. What is to be shown again, as a recoverable key, is sealed under a data key
 * of its workspace; the data key is stored too, sealed under a master key; the master keys are not
 * stored anywhere but in the operator's settings. A copy of the database alone decrypts nothing.
 *
 * Several master keys may be given: the first seals, the others only open what they have sealed, so
 * that a new one is put in front, everything is sealed anew (`rewrapSecrets`), and the old one is
 * then taken away. A master key is known by a name that is derived from it, which cannot be
 * confused and tells nothing about it.
 *
 * AES-256-GCM with a random nonce of 96 bits. The context, which is what the secret belongs to, is
 * authenticated with it: a ciphertext that was moved to another row does not open. Sealed bytes are
 * version, nonce, ciphertext, tag.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
const nameLength = 16;

/** A secret that only the master key of that name can open. */
export type WrappedSecret = { wrapped: Buffer; masterKey: string };

export type Vault = {
  /** The name of the master key that seals. */
  readonly masterKey: string;
  wrap(secret: Uint8Array, context: string): WrappedSecret;
  /** undefined when the master key is not among those given, or the bytes were tampered with. */
  unwrap(secret: WrappedSecret, context: string): Buffer | undefined;
};

export type ParsedVault = { ok: true; vault: Vault } | { ok: false; problem: string };

/**
 * A vault from its setting: master keys of 32 bytes in base64, the newest first, separated by
 * commas or line breaks; what follows a `#` in a line is a comment. `openssl rand -base64 32` makes
 * one. The problem is a phrase that shows nothing of a key.
 */
export function openVault(setting: string): ParsedVault {
  const texts = setting
    .split('\n')
    .flatMap((line) => line.replace(/#.*/, '').split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (texts.length === 0) return { ok: false, problem: 'holds no master key' };
  const masterKeys = new Map<string, Buffer>();
  for (const [index, text] of texts.entries()) {
    const key = Buffer.from(text, 'base64');
    if (key.length !== keyBytes || key.toString('base64') !== text) {
      return {
        ok: false,
        problem: `has a master key (number ${index + 1}) that is not 32 bytes in base64`,
      };
    }
    masterKeys.set(nameOf(key), key);
  }
  return { ok: true, vault: createVault(masterKeys) };
}

function createVault(masterKeys: ReadonlyMap<string, Buffer>): Vault {
  const [first] = masterKeys;
  const [masterKey, key] = first as [string, Buffer];
  return {
    masterKey,
    wrap: (secret, context) => ({ wrapped: seal(key, secret, context), masterKey }),
    unwrap({ wrapped, masterKey: name }, context) {
      const opening = masterKeys.get(name);
      return opening && unseal(opening, wrapped, context);
    },
  };
}

function nameOf(key: Buffer): string {
  const digest = createHmac('sha256', key).update('latchkey master key name').digest('hex');
  return digest.slice(0, nameLength);
}

/** A new key for `seal`. */
export function newSealingKey(): Buffer {
  return randomBytes(keyBytes);
}

export function seal(key: Uint8Array, secret: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealing.setAAD(Buffer.from(context));
  const sealed = [sealing.update(secret), sealing.final()];
  return Buffer.concat([Buffer.of(formatVersion), nonce, ...sealed, sealing.getAuthTag()]);
}

/** undefined for what was not sealed under this key, in this context, or was changed since. */
export function unseal(key: Uint8Array, sealed: Buffer, context: string): Buffer | undefined {
  const tagAt = sealed.length - tagBytes;
  const textAt = 1 + nonceBytes;
  if (sealed[0] !== formatVersion || tagAt < textAt) return undefined;
  const opening = createDecipheriv(cipher, key, sealed.subarray(1, textAt), {
    authTagLength: tagBytes,
  });
  opening.setAAD(Buffer.from(context));
  opening.setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([opening.update(sealed.subarray(textAt, tagAt)), opening.final()]);
  } catch {
    return undefined;
  }
}
