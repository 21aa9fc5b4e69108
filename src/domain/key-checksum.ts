/**
 * The optional checksum of new keys: `[prefix_]<secret>0<checksum>`, where the checksum is the
 * CRC-32 of the secret as six characters of base58. Junk and typing errors are told from keys
 * without a look-up, and a leak scanner finds such keys with
 *
 *     [1-9A-HJ-NP-Za-km-z]{22,}0[1-9A-HJ-NP-Za-km-z]{6}
 *
 * and almost no false alarms: one in four thousand million that match by chance have the right
 * checksum. The mark is a zero because base58 has none: no key of ours without a checksum can seem
 * to have one. The prefix is left out, so that a scanner need not know where it begins.
 *
 * A checksum says nothing about a key being good. A key from elsewhere may look marked by chance
 * (one in 250 random ones of letters and digits), so it must not be asked of imported keys.
 */
import { crc32 } from 'node:zlib';

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const checksumLength = 6;
const mark = '0';
const suffixLength = mark.length + checksumLength;
const marked = /^[1-9A-HJ-NP-Za-km-z]+0[1-9A-HJ-NP-Za-km-z]{6}$/;

/** A secret, in base58, with its checksum behind it. */
export function withChecksum(secret: string): string {
  return secret + mark + checksumOf(secret);
}

/** False only for a key that claims to have a checksum and has a wrong one. */
export function isWellFormed(key: string): boolean {
  if (key[key.length - suffixLength] !== mark) return true;
  const secret = key.slice(key.lastIndexOf('_') + 1);
  if (!marked.test(secret)) return true;
  const markAt = secret.length - suffixLength;
  return checksumOf(secret.slice(0, markAt)) === secret.slice(markAt + mark.length);
}

/** Fixed in length: 58 to the sixth is more than 2 to the 32nd. */
function checksumOf(secret: string): string {
  let text = '';
  let rest = crc32(secret);
  for (let length = 0; length < checksumLength; length += 1) {
    text = alphabet[rest % alphabet.length] + text;
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
