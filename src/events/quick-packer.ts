/**
 * Packs the fields of the usual event, which are short ASCII texts, numbers and a few tags, as
 * msgpack: 0.3 µs where msgpackr takes 0.8 for any value whatever. Any other event is left to it;
 * what is written here it reads.
 */
const bufferBytes = 2048;
const shortLength = 32;
const textLengthMax = 256;
const listLengthMax = 16;

export class QuickPacker {
  readonly words = new Uint32Array(bufferBytes / 4);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #view = new DataView(this.words.buffer);
  #at = 0;

  /** The number of bytes, from the start of `words`; 0 for fields that are not usual. */
  pack(fields: readonly unknown[]): number {
    this.#at = 0;
    return this.#list(fields) ? this.#at : 0;
  }

  #list(items: readonly unknown[]): boolean {
    if (items.length >= listLengthMax || this.#at >= bufferBytes) return false;
    this.#bytes[this.#at++] = 0x90 | items.length;
    for (let index = 0; index < items.length; index += 1) {
      if (!this.#value(items[index])) return false;
    }
    return true;
  }

  #value(value: unknown): boolean {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number') return this.#number(value);
    return Array.isArray(value) && this.#list(value);
  }

  #text(text: string): boolean {
    const { length } = text;
    const bytes = this.#bytes;
    if (length >= textLengthMax || this.#at + 2 + length > bufferBytes) return false;
    if (length < shortLength) bytes[this.#at++] = 0xa0 | length;
    else {
      bytes[this.#at++] = 0xd9;
      bytes[this.#at++] = length;
    }
    const at = this.#at;
    let seen = 0;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      seen |= unit;
      bytes[at + index] = unit;
    }
    this.#at = at + length;
    return seen < 0x80;
  }

  #number(value: number): boolean {
    if (this.#at + 9 > bufferBytes) return false;
    if (value >= 0 && value < 0x80 && value === Math.floor(value)) {
      this.#bytes[this.#at++] = value;
    } else if (value === value >>> 0) {
      this.#bytes[this.#at] = 0xce;
      this.#view.setUint32(this.#at + 1, value);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = 0xcb;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    }
    return true;
  }
}
