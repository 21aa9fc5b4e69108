/** The commands that call a server, by name. Their actions are read only when one of them runs. */
export const clientSummaries = {
  apis: 'APIs, to which keys belong.',
  keys: 'Keys: create, verify, change, delete.',
  identities: 'Users or organisations with keys.',
  permissions: 'What keys may do.',
  roles: 'Named sets of permissions.',
  limits: 'Rate limits without a key, and overrides.',
  audit: 'Who changed what.',
  workspaces: 'Administration of workspaces.',
  'root-keys': 'Administration of root keys.',
  migrations: 'Where imported keys come from.',
} as const;

/** A command of its own: it has no actions. */
export const usageSummary = {
  name: 'usage',
  usage: 'usage',
  summary: 'Verifications over time, counted by outcome, key, identity, tag or API.',
} as const;

export type ClientName = keyof typeof clientSummaries;

export function isClientName(name: string): name is ClientName {
  return Object.hasOwn(clientSummaries, name);
}

export function clientUsage(name: ClientName): string {
  return `${name} <action>`;
}
