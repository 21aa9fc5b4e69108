/** From the words of a call to its exit code: 0 done, 1 failed, 2 called wrongly. */
import { parseArgs } from 'node:util';
import { optionsHelp } from '../config/describe-options.ts';
import { options } from '../config/options.ts';
import {
  type ClientName,
  clientSummaries,
  clientUsage,
  isClientName,
  usageSummary,
} from './client-summaries.ts';
import { type Command, type Environment, type Flags, UsageFault } from './command.ts';
import { doctorCommand } from './doctor-command.ts';
import { SettingsFault } from './environment.ts';
import { rootKeyCommand } from './root-key-command.ts';
import { startCommand } from './start-command.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { versionCommand } from './version-command.ts';

const commands: readonly Command[] = [startCommand, rootKeyCommand, doctorCommand, versionCommand];

export async function runCommandLine(
  argv: readonly string[],
  environment: Environment,
): Promise<number> {
  const [name = 'help', ...rest] = argv;
  const terminal = createTerminal(argv.includes('--json'));
  if (name === 'help' || name === '--help' || name === '-h') {
    const asked = await findCommand(rest[0]);
    terminal.print(asked ? help(asked, rest.slice(1)) : overview());
    return 0;
  }
  const command = name === '--version' ? versionCommand : await findCommand(name);
  if (command) return runOne(command, rest, { environment, terminal });
  const fault = new UsageFault(`there is no command '${name}'; see latchkey --help`);
  return complain(fault, terminal);
}

/** The table of what a server can be asked for is large: it is read for these commands only. */
async function findCommand(name: string | undefined): Promise<Command | undefined> {
  if (name === usageSummary.name) return (await import('./usage-command.ts')).usageCommand;
  if (name === undefined || !isClientName(name)) return commands.find((one) => one.name === name);
  const { clientCommand } = await import('./client-command.ts');
  return clientCommand(name);
}

type Surroundings = { environment: Environment; terminal: Terminal };

async function runOne(
  command: Command,
  argv: readonly string[],
  { environment, terminal }: Surroundings,
): Promise<number> {
  try {
    const { words, flags } = parse(command, argv);
    if (flags.help !== undefined) {
      terminal.print(help(command, words));
      return 0;
    }
    return await command.run({ words, flags, environment, terminal });
  } catch (error) {
    return complain(error, terminal);
  }
}

function complain(error: unknown, terminal: Terminal): number {
  const message = messageOf(error);
  if (terminal.isJson) terminal.print(JSON.stringify({ error: message }));
  else terminal.complain(`latchkey: ${message}`);
  return error instanceof UsageFault || error instanceof SettingsFault ? 2 : 1;
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${messageOf(cause)}` : message;
}

type KnownFlags = Record<string, { type: 'string' | 'boolean'; short?: string }>;

function parse(command: Command, argv: readonly string[]): { words: string[]; flags: Flags } {
  const known: KnownFlags = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  for (const flag of command.flags) {
    known[flag.name] = { type: flag.kind === 'switch' ? 'boolean' : 'string' };
  }
  if (command.takesSettings) for (const { name } of options) known[name] = { type: 'string' };
  const { values, positionals: words } = parseWords(command, argv, known);
  const surplus = words[command.wordCountMax];
  if (surplus !== undefined) {
    throw new UsageFault(`'${surplus}' is one word too many; usage: latchkey ${command.usage}`);
  }
  const flags = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, String(value)]),
  );
  return { words, flags };
}

function parseWords(command: Command, argv: readonly string[], known: KnownFlags) {
  try {
    const rules = { allowPositionals: true, allowNegative: true } as const;
    return parseArgs({ args: [...argv], options: known, ...rules });
  } catch (error) {
    // What follows the first sentence is about a double dash, which no command here needs.
    const [problem = ''] = (error as Error).message.split('. ');
    throw new UsageFault(`${problem}; see latchkey ${command.name} --help`);
  }
}

function overview(): string {
  const clients = Object.entries(clientSummaries).map(([name, summary]) => ({
    usage: clientUsage(name as ClientName),
    summary,
  }));
  const all = [...commands, ...clients, usageSummary];
  const width = Math.max(...all.map(({ usage }) => usage.length)) + 2;
  const lines = all.map(({ usage, summary }) => `  ${usage.padEnd(width)}${summary}`);
  return [
    'Latchkey: self-hosted API-key verification at memory speed.',
    '',
    'Usage: latchkey <command> [flags]',
    '',
    ...lines,
    '',
    'latchkey <command> --help tells more. Every command knows --json.',
  ].join('\n');
}

function help(command: Command, words: readonly string[]): string {
  if (command.help) return command.help(words);
  const own = command.flags.map((flag) => `  --${flag.name.padEnd(18)}${flag.text}`);
  const lines = [`Usage: latchkey ${command.usage}`, '', command.summary];
  if (own.length > 0) lines.push('', ...own);
  if (command.takesSettings) lines.push('', 'Settings, as flags or variables:', '', optionsHelp());
  return lines.join('\n');
}
