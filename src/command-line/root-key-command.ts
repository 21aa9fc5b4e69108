import {
  createRootKey,
  listRootKeys,
  prepareFirstStart,
  type RootKeyRow,
  revokeRootKey,
} from '../control/root-keys.ts';
import type { Database } from '../lib/database.ts';
import { withDatabase } from '../processes/with-database.ts';
import { type Command, type Invocation, UsageFault } from './command.ts';
import { settingsOf } from './environment.ts';
import { tableText } from './terminal.ts';

const dayMs = 86_400_000;

export const rootKeyCommand: Command = {
  name: 'root-key',
  usage: 'root-key create|list|revoke <id>',
  summary: 'Create, list or revoke the keys that may call the API.',
  flags: [
    { name: 'name', kind: 'text', text: 'create: a name for people' },
    {
      name: 'permissions',
      kind: 'text',
      text: 'create: comma separated, as api.*.verify_key; without: full rights',
    },
    { name: 'expires-in-days', kind: 'text', text: 'create: whole days; without: never' },
  ],
  takesSettings: true,
  async run(invocation) {
    const action = actions[invocation.words[0] ?? ''];
    if (!action) throw new UsageFault('say what to do: root-key create, list or revoke <id>');
    const config = settingsOf(invocation.environment, invocation.flags);
    return withDatabase(config, (database) => action(database, invocation));
  },
};

type Action = (database: Database, invocation: Invocation) => Promise<number>;

const actions: Record<string, Action> = { create, list, revoke };

async function create(database: Database, { flags, terminal }: Invocation): Promise<number> {
  const nowMs = Date.now();
  const { workspaceId } = await prepareFirstStart(database, { chosenKey: '', nowMs });
  const made = await createRootKey(database, {
    workspaceId,
    name: flags.name ?? null,
    permissions: flags.permissions ? flags.permissions.split(',').map((one) => one.trim()) : null,
    expiresAtMs: expiryOf(flags['expires-in-days'], nowMs),
    nowMs,
  });
  if (terminal.isJson) terminal.print(JSON.stringify(made));
  else {
    terminal.print(made.key);
    terminal.complain(`Root key ${made.rootKeyId}: shown only now, keep it.`);
  }
  return 0;
}

function expiryOf(days: string | undefined, nowMs: number): number | null {
  if (days === undefined) return null;
  if (!/^[1-9]\d{0,4}$/.test(days)) {
    throw new UsageFault(`--expires-in-days must be a whole number from 1 to 99999, not '${days}'`);
  }
  return nowMs + Number(days) * dayMs;
}

async function list(database: Database, { terminal }: Invocation): Promise<number> {
  const keys = await listRootKeys(database);
  if (terminal.isJson) terminal.print(JSON.stringify(keys));
  else {
    const head = ['ID', 'START', 'NAME', 'STATE', 'CREATED', 'PERMISSIONS'];
    terminal.print(tableText(head, keys.map(rowOf)));
  }
  return 0;
}

function rowOf(key: RootKeyRow): string[] {
  const isExpired = key.expiresAtMs !== null && key.expiresAtMs < Date.now();
  const state = isExpired ? 'expired' : key.enabled ? 'enabled' : 'disabled';
  const created = new Date(key.createdAtMs).toISOString().slice(0, 16);
  return [key.rootKeyId, key.start, key.name ?? '', state, created, key.permissions.join(' ')];
}

async function revoke(database: Database, { words, terminal }: Invocation): Promise<number> {
  const rootKeyId = words[1];
  if (rootKeyId === undefined) throw new UsageFault('say which: root-key revoke <id>');
  const isRevoked = await revokeRootKey(database, { rootKeyId, nowMs: Date.now() });
  if (!isRevoked) throw new Error(`there is no root key ${rootKeyId}; see latchkey root-key list`);
  terminal.print(
    terminal.isJson ? JSON.stringify({ revoked: rootKeyId }) : `${rootKeyId} is revoked.`,
  );
  return 0;
}
