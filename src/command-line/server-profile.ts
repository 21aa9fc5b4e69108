/**
 * Which server a command speaks to, and with which root key.
 *
 * Each of the two comes from the first of: its flag; the profile that --profile or LATCHKEY_PROFILE
 * names; its variable, LATCHKEY_URL or LATCHKEY_ROOT_KEY. Where none of these says anything at all,
 * the profile `default` counts. That profile is never mixed with the others: its root key goes to
 * its own server only.
 *
 * Profiles are `{"<name>": {"url": "…", "rootKey": "…"}}` in a file that only its owner may read.
 */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, type FlagDescription, type Flags, UsageFault } from './command.ts';

export const serverFlags: readonly FlagDescription[] = [
  { name: 'url', kind: 'text', text: 'The server; LATCHKEY_URL; else http://127.0.0.1:7070.' },
  {
    name: 'root-key',
    kind: 'text',
    text: 'Better LATCHKEY_ROOT_KEY or a profile: others on this machine see flags.',
  },
  { name: 'profile', kind: 'text', text: 'Of ~/.config/latchkey/profiles.json; LATCHKEY_PROFILE.' },
];

export type Server = {
  /** Without a slash at its end. */
  url: string;
  rootKey: string;
  /** Where the root key came from, in words: the key itself is in no message. */
  rootKeySource: string;
};

type Profile = { url?: string; rootKey?: string };

const urlFallback = 'http://127.0.0.1:7070';

export function findServer(environment: Environment, flags: Flags): Server {
  const path = profilesPath(environment);
  const { name, profile } = chooseProfile(path, environment, flags);
  const url = flags.url ?? profile.url ?? (environment.LATCHKEY_URL || urlFallback);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageFault(`the URL of the server must start with http:// or https://, not '${url}'`);
  }
  const candidates: [source: string, rootKey: string | undefined][] = [
    ['--root-key', flags['root-key']],
    [`profile '${name}'`, profile.rootKey],
    ['LATCHKEY_ROOT_KEY', environment.LATCHKEY_ROOT_KEY],
  ];
  const found = candidates.find(([, rootKey]) => rootKey);
  if (!found) {
    throw new UsageFault(
      `there is no root key for ${url}: set LATCHKEY_ROOT_KEY, or give --root-key, or put it ` +
        `into ${path} (mode 600) as {"default": {"url": "${url}", "rootKey": "…"}}`,
    );
  }
  const [rootKeySource, rootKey = ''] = found;
  if (!/^[\x21-\x7e]+$/.test(rootKey)) {
    throw new UsageFault(`the root key from ${rootKeySource} has characters that no root key has`);
  }
  return { url: url.replace(/\/+$/, ''), rootKey, rootKeySource };
}

function profilesPath(environment: Environment): string {
  const folder = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config');
  return join(folder, 'latchkey', 'profiles.json');
}

function chooseProfile(
  path: string,
  environment: Environment,
  flags: Flags,
): { name: string; profile: Profile } {
  const asked = flags.profile ?? (environment.LATCHKEY_PROFILE || undefined);
  const name = asked ?? 'default';
  const given = [flags.url, flags['root-key'], environment.LATCHKEY_URL];
  const isAnythingGiven = [...given, environment.LATCHKEY_ROOT_KEY].some(Boolean);
  if (asked === undefined && isAnythingGiven) return { name, profile: {} };
  const profiles = readProfiles(path);
  const profile = profiles && Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile) return { name, profile };
  if (asked === undefined) return { name, profile: {} };
  const names = Object.keys(profiles ?? {}).join(', ');
  throw new UsageFault(`there is no profile '${name}' in ${path}; it has ${names || 'none'}`);
}

function readProfiles(path: string): Record<string, Profile> | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) {
    throw new UsageFault(`${path} holds root keys and others may read it: chmod 600 ${path}`);
  }
  const profiles = parseProfiles(readFileSync(path, 'utf8'));
  if (profiles) return profiles;
  throw new UsageFault(`${path} must be {"<name>": {"url": "…", "rootKey": "…"}}`);
}

function parseProfiles(text: string): Record<string, Profile> | undefined {
  try {
    const profiles: unknown = JSON.parse(text);
    return isObject(profiles) && Object.values(profiles).every(isProfile)
      ? (profiles as Record<string, Profile>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isProfile(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((field) => typeof field === 'string');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
