/**
 * Who may insert into which tables: a JSON file,
 *
 *     { "users": [
 *       { "name": "shop", "passwordSha256": "<hex>", "tables": ["shop.requests", "logs.*"] }
 *     ] }
 *
 * `passwordSha256` is what `printf %s "$PASSWORD" | sha256sum` prints, as in ClickHouse's own files
 * of users: passwords are to be long and random.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type IngestUser = { name: string; passwordSha256: string; tables: readonly string[] };

export type IngestAccess = {
  /** False for an unknown name as for a wrong password. */
  knows(name: string, password: string): boolean;
  mayInsert(name: string, database: string, table: string): boolean;
};

/** Throws a sentence for the operator when the file cannot be used. */
export function readIngestAccess(path: string): IngestAccess {
  return ingestAccess(parseUsers(path, readFileSync(path, 'utf8')));
}

export function ingestAccess(users: readonly IngestUser[]): IngestAccess {
  const byName = new Map(users.map((user) => [user.name, user]));
  return {
    knows(name, password) {
      const user = byName.get(name);
      const given = createHash('sha256').update(password).digest();
      const known = Buffer.from(user?.passwordSha256 ?? '', 'hex');
      return known.length === given.length && timingSafeEqual(known, given);
    },
    mayInsert(name, database, table) {
      const tables = byName.get(name)?.tables ?? [];
      return tables.includes(`${database}.${table}`) || tables.includes(`${database}.*`);
    },
  };
}

function parseUsers(path: string, text: string): IngestUser[] {
  const { users } = parseJson(path, text) as { users?: unknown };
  if (!Array.isArray(users)) throw new Error(`${path} must be an object with a list of "users"`);
  for (const user of users) {
    const problem = problemOf(user);
    if (problem !== '') throw new Error(`${path}: user ${JSON.stringify(user?.name)} ${problem}`);
  }
  return users;
}

function parseJson(path: string, text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`);
  }
}

function problemOf(user: Partial<Record<keyof IngestUser, unknown>> | null): string {
  const { name, passwordSha256, tables } = user ?? {};
  if (typeof name !== 'string' || name === '') return 'must have a "name"';
  if (typeof passwordSha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(passwordSha256)) {
    return 'must have a "passwordSha256" of 64 hexadecimal digits';
  }
  const isTable = (one: unknown) => typeof one === 'string' && /^[^.*]+\.(?:[^.*]+|\*)$/.test(one);
  const areTables = Array.isArray(tables) && tables.every(isTable);
  return areTables ? '' : 'must have a list of "tables", each as "database.table" or "database.*"';
}
