/** Stored text as header values. Whatever was stored, none of it can end a line or hold a byte. */

/** Everything but visible ASCII, and of that `%`, which escapes, and `,`, which separates. */
const unsafe = /[^!-+\--~]|%/;
const unsafeAll = /(?:[^!-+\--~]|%)+/g;

/** UTF-8 in percent-encoding: `decodeURIComponent` gives the text back. */
export function headerText(text: string): string {
  if (!unsafe.test(text)) return text;
  return text.toWellFormed().replace(unsafeAll, encodeURIComponent);
}

const unprintable = /[^ -~]/;
const unprintableAll = /[^ -~]/g;

/** The same JSON in ASCII and on one line. */
export function headerJson(json: string): string {
  return unprintable.test(json) ? json.replace(unprintableAll, escapeUnit) : json;
}

/** Valid JSON has control characters only between its tokens, where any blank will do. */
function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  return code < 0x20 ? ' ' : `\\u${code.toString(16).padStart(4, '0')}`;
}
