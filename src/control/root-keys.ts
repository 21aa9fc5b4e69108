/**
 * Root keys without a root key: what the first start and the command line do, straight in the
 * database.
 *
 * The first root key is the operator's: besides everything in its workspace it may administer the
 * server. That gives it to nobody who did not have it: it is shown to whoever starts the server,
 * and that person can read and write the whole database anyway. Without it, nobody could make the
 * second root key through the API, and a server in a container could only be administered from
 * inside. Every other root key gets the operator's permission only when it is named, by somebody
 * who has it, or on the command line, by somebody who has the database.
 */
import { randomBytes } from 'node:crypto';
import { base58 } from '@scure/base';
import type { AuditEvent } from '../domain/audit-actions.ts';
import { fullAdminPermission } from '../domain/grants.ts';
import { newId } from '../domain/ids.ts';
import { keyHash } from '../domain/key-hash.ts';
import { operatorPermission } from '../domain/operator-rights.ts';
import type { Database, Queryable, Transaction } from '../lib/database.ts';
import { writeAuditEvents } from './audit-events.ts';
import { startOf } from './key-material.ts';
import { insertWorkspace } from './workspaces.ts';

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
  permissions: string[];
  name: string | null;
  expiresAtMs: number | null;
  nowMs: number;
  /** A key chosen by the operator instead of a random one. */
  key?: string | undefined;
};

export type MadeRootKey = { rootKeyId: string; key: string };

function newRootKey(): string {
  return `unkey_${base58.encode(randomBytes(rootKeyBytes))}`;
}

/** Returns the whole key: the only time that it can be read. */
export async function insertRootKey(
  transaction: Transaction,
  wanted: NewRootKey,
  events: AuditEvent[],
): Promise<MadeRootKey> {
  const { workspaceId, permissions, name, expiresAtMs, nowMs, key = newRootKey() } = wanted;
  const rootKeyId = newId('key');
  await transaction`
    insert into latchkey.root_keys
      (id, workspace_id, hash, start, name, permissions, expires_at_ms, created_at_ms)
    values (${rootKeyId}, ${workspaceId}, ${keyHash(key)}, ${startOf(key)}, ${name},
      ${permissions}, ${expiresAtMs}, ${nowMs})`;
  events.push({
    action: 'rootKey.create',
    summary: `Created root key ${rootKeyId}`,
    resources: [{ type: 'rootKey', id: rootKeyId, ...(name !== null && { name }) }],
    after: { start: startOf(key), name, permissions, expires: expiresAtMs },
  });
  return { rootKeyId, key };
}

/** For the command line. `permissions: null` is everything in the workspace. */
export async function createRootKey(
  database: Database,
  wanted: Omit<NewRootKey, 'permissions'> & { permissions: string[] | null },
): Promise<MadeRootKey> {
  const { workspaceId } = wanted;
  const permissions = wanted.permissions ?? [fullAdminPermission(workspaceId)];
  return database.begin(async (transaction) => {
    const events: AuditEvent[] = [];
    const made = await insertRootKey(transaction, { ...wanted, permissions }, events);
    await writeAuditEvents(transaction, origin('command line', wanted), events);
    return made;
  });
}

export async function listRootKeys(database: Queryable): Promise<RootKeyRow[]> {
  return database<RootKeyRow[]>`
    select id as "rootKeyId", workspace_id as "workspaceId", start, name, permissions, enabled,
      expires_at_ms as "expiresAtMs", created_at_ms as "createdAtMs"
    from latchkey.root_keys where deleted_at_ms is null order by created_at_ms, id`;
}

/** For the command line. Whether there was such a key to revoke. */
export async function revokeRootKey(
  database: Database,
  { rootKeyId, nowMs }: { rootKeyId: string; nowMs: number },
): Promise<boolean> {
  return database.begin(async (transaction) => {
    const [revoked] = await transaction<{ workspaceId: string }[]>`
      update latchkey.root_keys set deleted_at_ms = ${nowMs}
      where id = ${rootKeyId} and deleted_at_ms is null returning workspace_id as "workspaceId"`;
    if (!revoked) return false;
    const { workspaceId } = revoked;
    await writeAuditEvents(transaction, origin('command line', { workspaceId, nowMs }), [
      {
        action: 'rootKey.revoke',
        summary: `Revoked root key ${rootKeyId}`,
        resources: [{ type: 'rootKey', id: rootKeyId }],
      },
    ]);
    return true;
  });
}

export type FirstStart = { workspaceId: string; rootKey: string | undefined };

/**
 * Makes what a new database lacks: the default workspace, and the operator's root key, unless there
 * ever was a root key. One that the operator has chosen is made whenever it was never there, so
 * that the same settings give the same access; a chosen one that was revoked stays revoked.
 * `rootKey` is the key that was made now.
 */
export async function prepareFirstStart(
  database: Database,
  { chosenKey, nowMs }: { chosenKey: string; nowMs: number },
): Promise<FirstStart> {
  return database.begin(async (transaction) => {
    const events: AuditEvent[] = [];
    const workspaceId = await ensureWorkspace({ transaction, nowMs, events });
    const known =
      chosenKey === ''
        ? await transaction`select id from latchkey.root_keys limit 1`
        : await transaction`
            select id from latchkey.root_keys where hash = ${keyHash(chosenKey)}`;
    let rootKey: string | undefined;
    if (known.length === 0) {
      const wanted = {
        workspaceId,
        permissions: [fullAdminPermission(workspaceId), operatorPermission],
        name: chosenKey === '' ? 'first root key' : 'root key of the settings',
        expiresAtMs: null,
        nowMs,
        key: chosenKey || undefined,
      };
      rootKey = (await insertRootKey(transaction, wanted, events)).key;
    }
    await writeAuditEvents(transaction, origin('first start', { workspaceId, nowMs }), events);
    return { workspaceId, rootKey };
  });
}

/** The default workspace, for a command that comes before the first start. */
export async function prepareWorkspace(database: Database, nowMs: number): Promise<string> {
  return database.begin(async (transaction) => {
    const events: AuditEvent[] = [];
    const workspaceId = await ensureWorkspace({ transaction, nowMs, events });
    await writeAuditEvents(transaction, origin('command line', { workspaceId, nowMs }), events);
    return workspaceId;
  });
}

type Making = { transaction: Transaction; nowMs: number; events: AuditEvent[] };

/** The oldest live workspace, made if there is none. The lock lets only one node make it. */
async function ensureWorkspace({ transaction, nowMs, events }: Making): Promise<string> {
  await transaction`lock table latchkey.workspaces in share row exclusive mode`;
  const [existing] = await transaction<{ id: string }[]>`
    select id from latchkey.workspaces where deleted_at_ms is null
    order by created_at_ms, id limit 1`;
  if (existing) return existing.id;
  const workspaceId = newId('workspace');
  await insertWorkspace({ transaction, workspaceId, nowMs, events }, 'default');
  return workspaceId;
}

/** Of a change that no root key asked for. */
function origin(
  actor: 'command line' | 'first start',
  { workspaceId, nowMs }: { workspaceId: string; nowMs: number },
) {
  return { workspaceId, nowMs, rootKeyId: actor, requestId: '', address: '', userAgent: '' };
}
