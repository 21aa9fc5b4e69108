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

const pool = Buffer.alloc(4096);
let poolAt = pool.length;

/** `<prefix>_` and nine random characters of `[A-Za-z0-9]`: 53 bits, made without a system call. */
export function newId(kind: IdKind): string {
  let id = `${idPrefixes[kind]}_`;
  for (let length = 0; length < idLength; ) {
    const byte = nextRandomByte();
    if (byte >= fairLimit) continue;
    id += alphabet[byte % alphabet.length];
    length += 1;
  }
  return id;
}

function nextRandomByte(): number {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const byte = pool[poolAt] as number;
  poolAt += 1;
  return byte;
}
