/** The commands that call the HTTP API of a server, made of the table of actions. */
import { bodyOf, flagName, flagsOf } from './body-flags.ts';
import { callServer } from './call-server.ts';
import { type ClientAction, type ClientResource, clientResource } from './client-actions.ts';
import { type ClientName, clientUsage } from './client-summaries.ts';
import { type Command, type FlagDescription, type Invocation, UsageFault } from './command.ts';
import { printPages } from './print-pages.ts';
import { recordText, rowsText } from './result-text.ts';
import { findServer, serverFlags } from './server-profile.ts';

const bodyFlag: FlagDescription = {
  ...{ name: 'body', kind: 'text' },
  text: 'The whole request as JSON; @file or @- reads it.',
};
const allFlag: FlagDescription = {
  ...{ name: 'all', kind: 'switch' },
  text: 'Every page; with --json one row a line.',
};
const clearFlag: FlagDescription = {
  ...{ name: 'clear', kind: 'text' },
  text: 'Fields to empty, comma separated.',
};

export function clientCommand(name: ClientName): Command {
  const resource = clientResource(name);
  const { summary, actions } = resource;
  return {
    name,
    usage: clientUsage(name),
    summary,
    wordCountMax: 1 + Math.max(...actions.map(({ words }) => words.length)),
    flags: allFlagsOf(resource),
    takesSettings: false,
    help: (words) => helpOf(resource, words[0]),
    run: (invocation) => run(resource, invocation),
  };
}

/** An action's own flags, and those that all actions have. */
function actionFlags(action: ClientAction): FlagDescription[] {
  const { body } = action;
  const properties = Object.values(body.properties ?? {});
  const isClearable = properties.some(({ type }) => [type].flat().includes('null'));
  return [
    ...flagsOf(body, action.words),
    ...(isClearable ? [clearFlag] : []),
    ...(isPaged(action) ? [allFlag] : []),
    ...serverFlags,
    bodyFlag,
  ];
}

function allFlagsOf({ actions }: ClientResource): FlagDescription[] {
  const byName = actions.flatMap(actionFlags).map((flag) => [flag.name, flag] as const);
  return [...new Map(byName).values()];
}

/** What comes in pages takes the cursor of the next one. */
function isPaged({ body }: ClientAction): boolean {
  return body.properties?.cursor !== undefined;
}

async function run(resource: ClientResource, invocation: Invocation): Promise<number> {
  const [name, ...words] = invocation.words;
  const action = resource.actions.find((one) => one.action === name);
  if (!action) {
    const names = resource.actions.map((one) => one.action).join(', ');
    throw new UsageFault(`say what to do: latchkey ${resource.name} ${names}`);
  }
  const { environment, flags, terminal } = invocation;
  refuseStrangeFlags(resource, action, invocation);
  const parts = { fields: action.words, words, flags, nowMs: Date.now() };
  const body = requestBody(resource, action, parts);
  const server = findServer(environment, flags);
  if (isPaged(action)) {
    const { columns = [] } = action;
    const isAll = flags.all === 'true';
    return printPages({ server, name: action.call, body, columns, isAll }, terminal);
  }
  const { answer, isPending } = await callServer(server, action.call, body);
  if (isPending) terminal.complain('Done; this node may answer as before for a moment.');
  const result = (answer.data ?? {}) as Record<string, unknown>;
  terminal.print(terminal.isJson ? JSON.stringify(answer) : resultText(action, result));
  if ('key' in result && !terminal.isJson) terminal.complain('The key is shown only now: keep it.');
  return action.verdict !== undefined && result[action.verdict] === false ? 1 : 0;
}

function requestBody(
  resource: ClientResource,
  action: ClientAction,
  parts: Parameters<typeof bodyOf>[1],
): object {
  try {
    return bodyOf(action.body, parts);
  } catch (error) {
    if (!(error instanceof UsageFault)) throw error;
    throw new UsageFault(`${error.message}; usage: latchkey ${usageOf(resource, action)}`);
  }
}

function refuseStrangeFlags(
  resource: ClientResource,
  action: ClientAction,
  { flags }: Invocation,
): void {
  const known = new Set(['json', 'help', ...actionFlags(action).map(({ name }) => name)]);
  const strange = Object.keys(flags).find((name) => !known.has(name));
  if (strange === undefined) return;
  const command = `${resource.name} ${action.action}`;
  throw new UsageFault(`${command} has no --${strange}; see latchkey ${command} --help`);
}

function resultText({ columns, rows }: ClientAction, result: Record<string, unknown>): string {
  const list = rows === undefined ? result : result[rows];
  return Array.isArray(list) ? rowsText(columns ?? [], list) : recordText(result);
}

function usageOf(resource: ClientResource, action: ClientAction): string {
  const words = action.words.map((word) => ` <${flagName(word)}>`).join('');
  return `${resource.name} ${action.action}${words}`;
}

function helpOf(resource: ClientResource, name: string | undefined): string {
  const action = resource.actions.find((one) => one.action === name);
  if (action) {
    const flags = actionFlags(action);
    const width = Math.max(...flags.map((flag) => flag.name.length)) + 2;
    const lines = flags.map((flag) => `  --${flag.name.padEnd(width)}${flag.text}`);
    return [`Usage: latchkey ${usageOf(resource, action)}`, '', action.summary, '', ...lines].join(
      '\n',
    );
  }
  const usages = resource.actions.map((one) => usageOf(resource, one));
  const width = Math.max(...usages.map((usage) => usage.length)) + 2;
  const lines = resource.actions.map(
    ({ summary }, at) => `  ${(usages[at] as string).padEnd(width)}${summary}`,
  );
  return [
    `Usage: latchkey ${resource.name} <action> [flags]`,
    ...['', resource.summary, '', ...lines, ''],
    `latchkey ${resource.name} <action> --help lists the flags.`,
  ].join('\n');
}
