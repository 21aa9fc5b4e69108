/** Requests about the keys of a generated world: mostly usual ones, from who may ask. */
import type { Asked } from './captured-app.ts';
import { type Dice, randomQuery } from './key-facts.ts';
import type { VerificationWorld } from './verification-world.ts';

export const verifyKeyPath = '/v2/keys.verifyKey';
export const verifyKeysPath = '/v2/keys.verifyKeys';

/** How many of those that ask in the usual way have another body or header all the same. */
const oddShare = 0.08;
/** What the engine reads: plain ASCII without escapes, a key and perhaps a query. */
const readable = /^\{"key":"[ !#-[\]-~]{1,512}"(,"permissions":"[ !#-[\]-~]{1,1000}")?\}$/;
const visible = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at));

export class VerificationRequests {
  readonly #world: VerificationWorld;
  readonly #dice: Dice;
  /** Asked again and again, so that limits come to their end. */
  readonly #favourites: readonly string[];

  constructor(world: VerificationWorld, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
    this.#favourites = world.keys.slice(3, 23).map(({ plaintext }) => plaintext);
  }

  one(): Asked {
    const item = JSON.stringify(this.#item());
    return this.#asked(verifyKeyPath, item);
  }

  /** Mostly with nothing in it that keeps the engine from reading it. */
  list(lengthMax: number): Asked {
    const length = this.#dice.below(lengthMax + 1);
    const isReadable = this.#dice.chance(0.85);
    const items: object[] = [];
    while (items.length < length) {
      const item = this.#item();
      if (!isReadable || readable.test(JSON.stringify(item))) items.push(item);
    }
    return this.#asked(verifyKeysPath, JSON.stringify(items));
  }

  #asked(path: string, text: string): Asked {
    const { chance } = this.#dice;
    const body = chance(oddShare) ? this.#perturbed(text) : Buffer.from(text);
    const contentTypes = ['application/json; charset=utf-8', 'APPLICATION/JSON', 'text/plain', ''];
    const contentType = chance(0.03) ? this.#dice.pick(contentTypes) : 'application/json';
    return { path, body, contentType, authorization: this.#authorization(), isSplit: chance(0.02) };
  }

  #item(): object {
    const { chance, pick } = this.#dice;
    const query = chance(0.4) ? { permissions: randomQuery(this.#dice) } : {};
    const item = { key: this.#plaintext(), ...query };
    if (!chance(0.06)) return item;
    const fields = [
      ...[{ tags: ['a', 'ü'] }, { credits: { cost: 2 } }, { migrationId: 'mig_1' }, { ip: '::1' }],
      ...[{ ratelimits: [{ name: 'requests', cost: 2 }] }, { permissions: '' }, { unknown: 1 }],
      ...[{ ratelimits: [{ name: 'own', limit: 2, duration: 9000 }] }, { key: '' }, { key: null }],
    ];
    return { ...item, ...pick<object>(fields) };
  }

  #plaintext(): string {
    const { below, chance, pick } = this.#dice;
    if (chance(0.35)) return pick(this.#favourites);
    if (chance(0.88)) return pick(this.#world.keys).plaintext;
    const known = pick(this.#world.keys).plaintext;
    const unknown = ['unknown', `${known}x`, known.slice(1), 'acme_ab0111112', ' ', 'é', '\u0000'];
    const random = Array.from({ length: 1 + below(520) }, () => pick(visible)).join('');
    return pick([...unknown, random]) || 'unknown';
  }

  #authorization(): string {
    const { chance, pick } = this.#dice;
    const token = pick(this.#world.rootKeys).token;
    const main = this.#world.rootKeys[chance(0.6) ? 0 : 1]?.token;
    if (!chance(0.08)) return `Bearer ${chance(0.75) ? main : token}`;
    const odd = [
      ...['', 'Bearer', 'Bearer ', 'Bearer  ', 'Bearer unknown', `Bearer ${token}é`, token],
      ...[`bearer ${token}`, ` Bearer ${token}`, `Bearer  ${token}`, `Bearer ${token} `],
      ...[
        `Bearer\t${token}`,
        `Bearer ${token}\u00a0`,
        `Bearer ${token}\t`,
        `Bearer ${token}\u007f`,
      ],
      ...['x'.repeat(600), `Bearer ${'x'.repeat(504)}`, `Bearer ${'x'.repeat(2000)}`, 'Basic a'],
      `Bearer ${token}, Bearer ${token}`,
    ];
    return pick(odd);
  }

  #perturbed(text: string): Buffer {
    const { below, pick } = this.#dice;
    const at = below(text.length + 1);
    const key = JSON.stringify(pick(this.#world.keys).plaintext);
    const changed = [
      ...['', '{}', '[]', 'null', `${text} `, ` ${text}`, `${text}${text}`, text.slice(0, at)],
      ...[text.replace(':', ': '), text.replaceAll(',', ' , '), text.replace('{', '{"key":1,')],
      ...[text.replace('}', `,"key":${key}}`), text.replace('{', '{"permissions":"admin",')],
      ...[text.replace('e', '\\u0065'), `${text.slice(0, at)}\\u0041${text.slice(at)}`],
      ...[`${text.slice(0, at)}ü😀${text.slice(at)}`, text.slice(0, -1), text.slice(1)],
      ...[text.replace('"}', '",}'), text.replace('key', 'kez'), `${text}]`, `[${text}]`],
      ...[text.padEnd(70_000, ' ')],
    ];
    if (below(3) > 0) return Buffer.from(pick(changed));
    const bytes = Buffer.from(text);
    for (let change = 0; change <= below(3); change += 1) {
      if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
    }
    return bytes;
  }
}
