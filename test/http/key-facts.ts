/** Names, texts and numbers for generated keys: usual ones, and those at an edge. */
import { createRandom } from '../support/random.ts';

/** Far ahead of every clock: so the tables of limits never look at theirs. */
export const startMs = 4_000_000_000_000;
/** How far the clock comes within a test. */
export const spanMs = 600_000;

export type Dice = {
  below(bound: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Each of them with this chance, in their order. */
  some<T>(from: readonly T[], share: number): T[];
};

export function createDice(seed: number): Dice {
  const random = createRandom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const chance = (share: number) => random() < share;
  return {
    below,
    chance,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    some: (from, share) => from.filter(() => chance(share)),
  };
}

const escapes = '"quoted" \\ \b\f\n\r\t\u0000\u0001\u000b\u001f\u007f';

export const names = [
  ...['', '', 'plain', 'a name with blanks', escapes, 'Schlüssel', '漢字 😀', `${escapes}é😀`],
  ...['x'.repeat(64), 'x'.repeat(65), `${'y'.repeat(255)}`, '\u2028\u2029', '😀'.repeat(100)],
  ...['\\'.repeat(300), 'é', '\ufeff', '</script>', '\u{10ffff}\ud7ff\ue000'],
];

export const metas = [
  ...['', '', '{"plan":"free"}', '{"text":"漢字 😀 é"}', '{"a":{"b":[1,2,null]},"c":"\\"\\\\\\n"}'],
  ...[JSON.stringify({ text: 'z'.repeat(3000) }), JSON.stringify({ text: '😀é'.repeat(3000) })],
  JSON.stringify({ text: escapes.repeat(20) }),
];

/** Three of them do not fit into one answer of the engine. */
export const largeMeta = JSON.stringify({ text: 'é'.repeat(45_000) });
/** Not even one. */
export const hugeMeta = JSON.stringify({ text: 'h'.repeat(300_000) });

export const externalIds = ['user_1', 'üser "😀"', escapes, 'e'.repeat(300), '漢'.repeat(200), ''];

export const limitNames = ['requests', 'per day', 'a', 'tokens:out', 'quote"d', 'back\\slash'];
export const wideLimitNames = ['größe', '漢字', '😀'];

export const slugs = [
  ...['documents.read', 'documents.write', 'admin', 'a:b/c', 'x-y_z.*', '*', 'größe', '"q"\\'],
  ...['😀.all', 'AND1', 'or'],
];

/** Those that a query without escapes can ask for, and one that nobody has. */
const plainSlugs = [
  ...slugs.filter((slug) => /^[\w.:*/-]+$/.test(slug) && slug !== 'or'),
  'missing',
];

export const roleNames = ['reader', 'writer "x"', 'Büro 漢😀', 'line\nbreak', 'r'];

export const durationsMs = [500, 1000, 2500, 60_000, 3_600_000, 86_400_000, 2 ** 50];
export const limitCounts = [0, 1, 1, 2, 3, 5, 20, 1000, 2 ** 53, Number.MAX_SAFE_INTEGER];

/** A permission query: mostly a good one. */
export function randomQuery(dice: Dice, depth = 0): string {
  const { below, chance, pick } = dice;
  if (chance(0.02)) return pick(['AND', '(', ')', 'a b', '()', 'a AND', 'a!b', '{a}', "a'", '  ']);
  const kind = depth > 3 ? 0 : below(4);
  if (kind <= 1) return chance(0.03) ? pick(slugs) : pick(plainSlugs);
  const parts = Array.from({ length: 2 + below(2) }, () => randomQuery(dice, depth + 1));
  const text = parts.join(pick([' AND ', ' OR ', ' and ', '  Or ', ') OR (']));
  return chance(0.6) ? `(${text})` : text;
}
