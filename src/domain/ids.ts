import { randomFillSync } from 'node:crypto';

/** What an id stands for, by its prefix. */
export const idPrefixes = {
  api: 'api',
  keyspace: 'ks',
  key: 'key',
  identity: 'id',
  permission: 'perm',
  role: 'role',
  ratelimit: 'rl',
  namespace: 'rlns',
  override: 'rlor',
  workspace: 'ws',
  request: 'req',
  auditLog: 'log',
  migration: 'mig',
  dataKey: 'dk',
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const idLength = 9;
/** Bytes from here on are thrown away, so that every character is equally likely. */
const fairLimit = 256 - (256 % alphabet.length);

/** Random characters in stock: drawn by the thousand, an id is one cut out of them. */
const stock = Buffer.alloc(4096);
let stockAt = stock.length;

/** `<prefix>_` and nine random characters of `[A-Za-z0-9]`: 53 bits, made without a system call. */
export function newId(kind: IdKind): string {
  if (stockAt + idLength > stock.length) refill();
  const start = stockAt;
  stockAt += idLength;
  return `${idPrefixes[kind]}_${stock.toString('latin1', start, stockAt)}`;
}

function refill(): void {
  randomFillSync(stock);
  let filled = 0;
  for (const byte of stock) {
    if (byte >= fairLimit) continue;
    stock[filled] = alphabet.charCodeAt(byte % alphabet.length);
    filled += 1;
  }
  // What was thrown away leaves the end unfilled: the characters are moved up against it.
  stock.copyWithin(stock.length - filled, 0, filled);
  stockAt = stock.length - filled;
}
