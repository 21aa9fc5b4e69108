import type { Config } from '../config/options.ts';
import {
  createRootKey,
  listRootKeys,
  prepareWorkspace,
  type RootKeyRow,
  revokeRootKey,
} from '../control/root-keys.ts';
import { isGrantable } from '../domain/operator-rights.ts';
import type { Database } from '../lib/database.ts';
import { withDatabase } from '../processes/with-database.ts';
import { type Terminal, tableText } from './terminal.ts';

/** What is to be done with root keys, checked before any database is looked for. */
export type RootKeyOrder =
  | {
      action: 'create';
      name: string | null;
      /** null: everything in the workspace. */
      permissions: string[] | null;
      /** null: never. */
      expiresInDays: number | null;
    }
  | { action: 'list' }
  | { action: 'revoke'; rootKeyId: string };

const dayMs = 86_400_000;

/** In the database of the settings, with a running server or without one. */
export function carryOut(order: RootKeyOrder, config: Config, terminal: Terminal): Promise<number> {
  return withDatabase(config, async (database) => {
    switch (order.action) {
      case 'create':
        await create(database, order, terminal);
        break;
      case 'list':
        await list(database, terminal);
        break;
      case 'revoke':
        await revoke(database, order.rootKeyId, terminal);
        break;
      default:
        order satisfies never;
    }
    return 0;
  });
}

type Creation = Extract<RootKeyOrder, { action: 'create' }>;

async function create(database: Database, order: Creation, terminal: Terminal): Promise<void> {
  const { name, permissions, expiresInDays } = order;
  const nowMs = Date.now();
  const workspaceId = await prepareWorkspace(database, nowMs);
  const useless = permissions?.find((one) => !isGrantable(one, workspaceId));
  if (useless !== undefined) {
    throw new Error(`the permission '${useless}' could never allow anything; see api.*.verify_key`);
  }
  const expiresAtMs = expiresInDays === null ? null : nowMs + expiresInDays * dayMs;
  const wanted = { workspaceId, name, permissions, expiresAtMs, nowMs };
  const made = await createRootKey(database, wanted);
  if (terminal.isJson) return terminal.print(JSON.stringify(made));
  terminal.print(made.key);
  terminal.complain(`Root key ${made.rootKeyId}: shown only now, keep it.`);
}

async function list(database: Database, terminal: Terminal): Promise<void> {
  const keys = await listRootKeys(database);
  if (terminal.isJson) return terminal.print(JSON.stringify(keys));
  const head = ['ID', 'START', 'NAME', 'STATE', 'CREATED', 'PERMISSIONS'];
  terminal.print(tableText(head, keys.map(rowOf)));
}

function rowOf(key: RootKeyRow): string[] {
  const isExpired = key.expiresAtMs !== null && key.expiresAtMs < Date.now();
  const state = isExpired ? 'expired' : key.enabled ? 'enabled' : 'disabled';
  const created = new Date(key.createdAtMs).toISOString().slice(0, 16);
  return [key.rootKeyId, key.start, key.name ?? '', state, created, key.permissions.join(' ')];
}

async function revoke(database: Database, rootKeyId: string, terminal: Terminal): Promise<void> {
  const isRevoked = await revokeRootKey(database, { rootKeyId, nowMs: Date.now() });
  if (!isRevoked) throw new Error(`there is no root key ${rootKeyId}; see latchkey root-key list`);
  terminal.print(
    terminal.isJson ? JSON.stringify({ revoked: rootKeyId }) : `${rootKeyId} is revoked.`,
  );
}
