/**
 * Makes `time >= now() - INTERVAL 7 DAY` mean what it says on the raw tables, whose `time` is Unix
 * milliseconds: ClickHouse compares the number with seconds and finds every row later than now.
 *
 * The text that is changed is ClickHouse's own (EXPLAIN SYNTAX), in which every comparison is a
 * call with two arguments: `greaterOrEquals(time, minus(now(), toIntervalDay(7)))`. The other
 * argument is wrapped in an expression that looks at its type, so a number that was meant as
 * milliseconds stays one.
 */
const comparisons = new Set([
  ...['equals', 'notEquals', 'less', 'lessOrEquals', 'greater', 'greaterOrEquals'],
]);
/** A string, a quoted name, a word, blanks, or any other single character. */
const token = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|[\w$]+|\s+|./gsu;
const dateWord = /^(?:now|now64|toDate\w*|toStart\w+|date_trunc|fromUnixTimestamp64Milli)$/i;
const blank = /^\s+$/;

export function compareRawTimeWithInstants(text: string): string {
  const tokens = text.match(token) ?? [];
  return rewrite(tokens);
}

function rewrite(tokens: readonly string[]): string {
  let result = '';
  for (let index = 0; index < tokens.length; index++) {
    const word = tokens[index] as string;
    const parts = comparisons.has(word) ? argumentsAt(tokens, index + 1) : undefined;
    if (parts?.ranges.length === 2) {
      const [left = [], right = []] = parts.ranges;
      result += `${word}(${side(left, right)}, ${side(right, left)})`;
      index = parts.end;
    } else result += word;
  }
  return result;
}

function side(tokens: readonly string[], other: readonly string[]): string {
  const text = rewrite(tokens).trim();
  if (!isTime(other) || !tokens.some((word) => dateWord.test(word))) return text;
  const instant = `toUnixTimestamp64Milli(toDateTime64(${text}, 3))`;
  return `if(toTypeName(${text}) LIKE '%Date%', ${instant}, toInt64(${text}))`;
}

/** `time`, or with the name of its table before it. */
function isTime(tokens: readonly string[]): boolean {
  const words = tokens.filter((word) => !blank.test(word));
  const last = words.at(-1);
  const isName = words.every((word, index) => index % 2 === 0 || word === '.');
  return isName && words.length % 2 === 1 && (last === 'time' || last === '`time`');
}

type Arguments = { ranges: string[][]; end: number };

/** The arguments of a call whose opening bracket stands at `start`; undefined when none does. */
function argumentsAt(tokens: readonly string[], start: number): Arguments | undefined {
  if (tokens[start] !== '(') return undefined;
  const ranges: string[][] = [[]];
  let depth = 0;
  for (let index = start; index < tokens.length; index++) {
    const word = tokens[index] as string;
    if ('([{'.includes(word)) depth += 1;
    if (')]}'.includes(word)) depth -= 1;
    if (depth === 0) return { ranges, end: index };
    if (depth === 1 && word === ',') ranges.push([]);
    else if (index > start) ranges.at(-1)?.push(word);
  }
  return undefined;
}
