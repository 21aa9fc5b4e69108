import type { Config } from '../config/options.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { Environment, Flags } from './command.ts';

/** The settings could not be used: every problem at once, exit code 2. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
}

const ownFlags = ['json', 'help', 'name', 'permissions', 'expires-in-days'];

export function settingsOf(environment: Environment, flags: Flags): Config {
  const settings = Object.fromEntries(
    Object.entries(flags).filter(([name]) => !ownFlags.includes(name)),
  );
  const parsed = parseConfig({ environment, flags: settings });
  if (parsed.ok) return parsed.config;
  const lines = parsed.problems.map(({ name, problem }) => `  ${name} ${problem}`);
  throw new SettingsFault(`these settings cannot be used:\n${lines.join('\n')}`);
}
