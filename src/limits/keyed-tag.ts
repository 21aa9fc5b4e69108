import { halfSipHash } from './half-sip-hash.ts';

/**
 * Makes tags: 73 bits of keyed hash that stand for a tuple of texts and a number in a table. Two
 * tuples never share an encoding (each text is preceded by its length), so two that share a tag
 * have collided by chance: with a million tags in one table the odds are 1 in 10^10.
 *
 * `make` leaves the tag in `low` (32 bits), `high` (31 bits, so that a tag is never negative) and
 * `extra` (10 bits), and allocates nothing.
 */
export class KeyedTag {
  low = 0;
  high = 0;
  extra = 0;
  readonly #key: Int32Array;
  readonly #out = new Int32Array(3);
  #message = new Int32Array(1024);
  #length = 0;

  constructor(key: Int32Array) {
    this.#key = key;
  }

  make(number: number, first: string, second: string, third: string): void {
    this.#reserve(first.length + second.length + third.length + 8);
    this.#length = 0;
    this.#put(number | 0);
    this.#put(Math.floor(number / 2 ** 32) | 0);
    this.#putText(first);
    this.#putText(second);
    this.#putText(third);
    halfSipHash(this.#key, this.#message, this.#length, this.#out);
    this.low = this.#out[0] as number;
    this.high = (this.#out[1] as number) & 0x7fffffff;
    this.extra = (this.#out[2] as number) & 1023;
    // All zeros is what a free slot looks like.
    if (this.low === 0 && this.high === 0) this.low = 1;
  }

  #reserve(words: number): void {
    if (words > this.#message.length) this.#message = new Int32Array(words * 2);
  }

  #put(word: number): void {
    this.#message[this.#length] = word;
    this.#length += 1;
  }

  /** Four characters a word as long as all are below 256, else two. */
  #putText(text: string): void {
    const message = this.#message;
    const start = this.#length;
    const whole = text.length & ~3;
    let length = start + 1;
    let seen = 0;
    message[start] = text.length << 1;
    for (let at = 0; at < whole; at += 4) {
      const one = text.charCodeAt(at);
      const two = text.charCodeAt(at + 1);
      const three = text.charCodeAt(at + 2);
      const four = text.charCodeAt(at + 3);
      seen |= one | two | three | four;
      message[length] = one | (two << 8) | (three << 16) | (four << 24);
      length += 1;
    }
    for (let at = whole; at < text.length; at += 1) {
      const one = text.charCodeAt(at);
      seen |= one;
      message[length] = one;
      length += 1;
    }
    this.#length = length;
    if (seen > 255) this.#putWideText(text, start);
  }

  #putWideText(text: string, start: number): void {
    this.#length = start;
    this.#put((text.length << 1) | 1);
    for (let at = 0; at < text.length; at += 2) {
      const second = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
      this.#put(text.charCodeAt(at) | (second << 16));
    }
  }
}
