/**
 * Reads the usual bodies of `keys.verifyKey` and `keys.verifyKeys`, written without blanks as every
 * JSON library does: a key, perhaps with permissions, in plain ASCII. It takes a quarter of what
 * decoding, parsing and checking against the schema take. Anything else is undefined and goes that
 * way, which alone decides what is wrong: what is read here, it reads alike.
 */
import { keyLengthMax, permissionsLengthMax, type VerifyKeyBody } from '../contract/verify-key.ts';
import { verificationsMax } from '../contract/verify-keys.ts';
import { assert } from '../lib/assert.ts';

const itemStart = '{"key":"';
const permissionsStart = '","permissions":"';
const itemEnd = '"}';
const textsLengthMax = keyLengthMax + permissionsLengthMax;
const itemBytesMax = itemStart.length + permissionsStart.length + itemEnd.length + textsLengthMax;
const comma = 0x2c;
const closingBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;

export function quickVerifyBody(bytes: Buffer): VerifyKeyBody | undefined {
  const reader = new ItemReader(bytes.toString('latin1'), 0);
  const item = reader.next();
  return item && reader.isAtEnd ? item : undefined;
}

export function quickVerifyBodies(bytes: Buffer): VerifyKeyBody[] | undefined {
  const text = bytes.toString('latin1');
  if (text[0] !== '[') return undefined;
  const reader = new ItemReader(text, 1);
  const items: VerifyKeyBody[] = [];
  for (;;) {
    const item = reader.next();
    if (!item || items.length === verificationsMax) return undefined;
    items.push(item);
    const separator = reader.separator();
    if (separator === closingBracket) return reader.isAtEnd ? items : undefined;
    if (separator !== comma) return undefined;
  }
}

/**
 * The item that begins at `at` in a list that `quickVerifyBodies` can read, and where it ends. No
 * more than that is decoded: a list may have a thousand, and parts of a text keep the whole of it.
 */
export function quickVerifyItem(bytes: Buffer, at: number): { item: VerifyKeyBody; end: number } {
  const reader = new ItemReader(bytes.toString('latin1', at, at + itemBytesMax), 0);
  const item = reader.next();
  assert(item, 'there is no usual verification at this place');
  return { item, end: at + reader.at };
}

class ItemReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  separator(): number {
    this.#at += 1;
    return this.#text.charCodeAt(this.#at - 1);
  }

  next(): VerifyKeyBody | undefined {
    const text = this.#text;
    if (!text.startsWith(itemStart, this.#at)) return undefined;
    const keyAt = this.#at + itemStart.length;
    const keyEnd = plainEnd(text, keyAt, keyLengthMax);
    if (keyEnd === keyAt) return undefined;
    const key = text.substring(keyAt, keyEnd);
    if (text.startsWith(itemEnd, keyEnd)) {
      this.#at = keyEnd + itemEnd.length;
      return { key };
    }
    if (!text.startsWith(permissionsStart, keyEnd)) return undefined;
    const permissionsAt = keyEnd + permissionsStart.length;
    const permissionsEnd = plainEnd(text, permissionsAt, permissionsLengthMax);
    if (permissionsEnd === permissionsAt || !text.startsWith(itemEnd, permissionsEnd)) {
      return undefined;
    }
    this.#at = permissionsEnd + itemEnd.length;
    return { key, permissions: text.substring(permissionsAt, permissionsEnd) };
  }
}

/** Where the plain characters from here on end; here, when there are none, or too many. */
function plainEnd(text: string, start: number, lengthMax: number): number {
  const stop = Math.min(text.length, start + lengthMax + 1);
  for (let at = start; at < stop; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) return at;
    if (unit < 0x20 || unit > 0x7e || unit === backslash) return start;
  }
  return start;
}
