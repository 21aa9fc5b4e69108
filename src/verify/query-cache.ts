import { type ParsedPermissionQuery, parsePermissionQuery } from './permission-query.ts';

/** Callers ask the same few queries again and again: parsing one costs 1.6 µs, finding it 0.1. */
const cachedQueriesMax = 1000;
const cache = new Map<string, ParsedPermissionQuery>();

/** Usually it is the one of the call before: comparing is cheaper than hashing. */
let lastText = '';
let last: ParsedPermissionQuery | undefined;

/** As `parsePermissionQuery`. When the cache is full it is emptied, which costs a parse each. */
export function cachedPermissionQuery(text: string): ParsedPermissionQuery {
  if (last !== undefined && text === lastText) return last;
  const known = cache.get(text);
  if (known !== undefined) {
    lastText = text;
    last = known;
    return known;
  }
  const own = copyOf(text);
  const parsed = parsePermissionQuery(own);
  if (cache.size >= cachedQueriesMax) cache.clear();
  cache.set(own, parsed);
  return parsed;
}

/** A text that was cut out of a body keeps the whole body in memory, as long as it lives. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
