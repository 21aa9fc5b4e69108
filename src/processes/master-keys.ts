import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../config/options.ts';
import { openVault } from '../control/vault.ts';

/**
 * The text of the master keys, from the setting or its file; empty without. Throws an Error with a
 * sentence for the operator, which never holds a part of a key.
 */
export function readMasterKeys(config: Pick<Config, 'masterKey' | 'masterKeyFile'>): string {
  const text = config.masterKey || readKeyFile(config.masterKeyFile);
  if (text === '') return '';
  const parsed = openVault(text);
  if (!parsed.ok) throw new Error(`the master keys cannot be used: ${parsed.problem}`);
  return text;
}

function readKeyFile(path: string): string {
  if (path === '') return '';
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new Error('others can read it; chmod 600 it');
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the file of master keys ${path} cannot be used: ${(error as Error).message}`);
  }
}
