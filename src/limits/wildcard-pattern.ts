/**
 * Patterns in which `*` stands for any characters, or none, and every other character for itself.
 * They come from callers, so they never become a regular expression: the pieces between the stars
 * are looked for from left to right, each where the one before it ended, and none is tried twice.
 * That the first place of a piece is as good as any later one is what makes this right: it leaves
 * the most text for the pieces that follow.
 */
export type WildcardPattern = {
  /** How many of the pattern's UTF-16 units are not stars. */
  readonly literalLength: number;
  readonly starCount: number;
  matches(text: string): boolean;
};

export function isWildcard(pattern: string): boolean {
  return pattern.includes('*');
}

/** `pattern` must hold a star. */
export function compileWildcard(pattern: string): WildcardPattern {
  const pieces = pattern.split('*');
  const starCount = pieces.length - 1;
  const head = pieces[0] as string;
  const tail = pieces[starCount] as string;
  const middle = pieces.slice(1, starCount).filter((piece) => piece !== '');
  const literalLength = pattern.length - starCount;
  return {
    literalLength,
    starCount,
    matches(text) {
      if (text.length < literalLength || !text.startsWith(head)) return false;
      if (!text.endsWith(tail)) return false;
      return (
        middle.length === 0 ||
        holdsInOrder(text, middle, {
          from: head.length,
          to: text.length - tail.length,
        })
      );
    },
  };
}

type Range = { from: number; to: number };

function holdsInOrder(text: string, pieces: readonly string[], { from, to }: Range): boolean {
  let at = from;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
    if (at > to) return false;
  }
  return true;
}
