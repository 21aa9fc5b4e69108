/** Root keys and the workspace that they control. Not reachable with a root key: see main.ts. */
import { randomBytes } from 'node:crypto';
import { base58 } from '@scure/base';
import { fullAdminPermission } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import { keyHash } from '../domain/key-hash.ts';
import type { Database, Queryable } from '../lib/database.ts';
import { startOf } from './key-material.ts';

const rootKeyBytes = 16;

export type RootKeyRow = {
  rootKeyId: string;
  workspaceId: string;
  start: string;
  name: string | null;
  permissions: string[];
  enabled: boolean;
  expiresAtMs: number | null;
  createdAtMs: number;
};

export type NewRootKey = {
  workspaceId: string;
  /** null: full rights. */
  permissions: string[] | null;
  name: string | null;
  expiresAtMs: number | null;
  nowMs: number;
  /** A key chosen by the operator instead of a random one. */
  key?: string | undefined;
};

export function newRootKey(): string {
  return `unkey_${base58.encode(randomBytes(rootKeyBytes))}`;
}

/** Returns the whole key: the only time that it can be read. */
export async function createRootKey(
  database: Queryable,
  wanted: NewRootKey,
): Promise<{ rootKeyId: string; key: string }> {
  const key = wanted.key ?? newRootKey();
  const rootKeyId = newId('key');
  const permissions = wanted.permissions ?? [fullAdminPermission(wanted.workspaceId)];
  await database`
    insert into latchkey.root_keys
      (id, workspace_id, hash, start, name, permissions, expires_at_ms, created_at_ms)
    values (${rootKeyId}, ${wanted.workspaceId}, ${keyHash(key)}, ${startOf(key)},
      ${wanted.name}, ${permissions}, ${wanted.expiresAtMs}, ${wanted.nowMs})`;
  return { rootKeyId, key };
}

export async function listRootKeys(database: Queryable): Promise<RootKeyRow[]> {
  return database<RootKeyRow[]>`
    select id as "rootKeyId", workspace_id as "workspaceId", start, name, permissions, enabled,
      expires_at_ms as "expiresAtMs", created_at_ms as "createdAtMs"
    from latchkey.root_keys where deleted_at_ms is null order by created_at_ms, id`;
}

/** Whether there was such a key to revoke. */
export async function revokeRootKey(
  database: Queryable,
  { rootKeyId, nowMs }: { rootKeyId: string; nowMs: number },
): Promise<boolean> {
  const revoked = await database`
    update latchkey.root_keys set deleted_at_ms = ${nowMs}
    where id = ${rootKeyId} and deleted_at_ms is null`;
  return revoked.count === 1;
}

export type FirstStart = { workspaceId: string; rootKey: string | undefined };

/**
 * Makes the default workspace and its first root key, once. `rootKey` is the key when it was made
 * now, undefined when the workspace was there already.
 */
export async function prepareFirstStart(
  database: Database,
  { chosenKey, nowMs }: { chosenKey: string; nowMs: number },
): Promise<FirstStart> {
  return database.begin(async (transaction) => {
    await transaction`lock table latchkey.workspaces in share row exclusive mode`;
    const [existing] = await transaction<{ id: string }[]>`
      select id from latchkey.workspaces where deleted_at_ms is null
      order by created_at_ms, id limit 1`;
    if (existing) return { workspaceId: existing.id, rootKey: undefined };
    const workspaceId = newId('workspace');
    await transaction`
      insert into latchkey.workspaces (id, name, created_at_ms)
      values (${workspaceId}, 'default', ${nowMs})`;
    const { key } = await createRootKey(transaction, {
      workspaceId,
      permissions: null,
      name: 'first root key',
      expiresAtMs: null,
      nowMs,
      key: chosenKey || undefined,
    });
    return { workspaceId, rootKey: key };
  });
}
