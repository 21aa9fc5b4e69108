import { type Command, type Invocation, UsageFault } from './command.ts';
import { settingsOf } from './environment.ts';
import type { RootKeyOrder } from './root-key-orders.ts';

export const rootKeyCommand: Command = {
  name: 'root-key',
  usage: 'root-key create|list|revoke <id>',
  summary: 'Create, list or revoke the keys that may call the API.',
  wordCountMax: 2,
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
    const order = orderOf(invocation);
    const config = settingsOf(invocation.environment, invocation.flags);
    const { carryOut } = await import('./root-key-orders.ts');
    return carryOut(order, config, invocation.terminal);
  },
};

function orderOf({ words: [action, id], flags }: Invocation): RootKeyOrder {
  if (action === 'revoke') {
    if (id === undefined) throw new UsageFault('say which: root-key revoke <id>');
    return { action, rootKeyId: id };
  }
  if (action !== 'create' && action !== 'list') {
    throw new UsageFault('say what to do: root-key create, list or revoke <id>');
  }
  if (id !== undefined) throw new UsageFault(`${action} takes no '${id}'`);
  if (action === 'list') return { action };
  return {
    action,
    name: flags.name ?? null,
    permissions: flags.permissions?.split(',').map((one) => one.trim()) ?? null,
    expiresInDays: expiryOf(flags['expires-in-days']),
  };
}

function expiryOf(days: string | undefined): number | null {
  if (days === undefined) return null;
  if (/^[1-9]\d{0,4}$/.test(days)) return Number(days);
  throw new UsageFault(`--expires-in-days must be a whole number from 1 to 99999, not '${days}'`);
}
