/**
 * PostgreSQL refuses to run as root. Root runs it as `nobody`, who keeps one capability: to pass
 * through folders that are closed to him, because the project and its data may lie below /root.
 */
import { chownSync, existsSync } from 'node:fs';
import type { ServerCommand } from './server-process.ts';

const nobody = 65534;

const isRoot = () => process.getuid?.() === 0;

/** `command` as it is, or as `nobody` when we are root. The pid stays that of the command. */
export function unprivileged({ program, args }: ServerCommand): ServerCommand {
  if (!isRoot()) return { program, args };
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (!setpriv) {
    throw new Error(
      'PostgreSQL does not run as root, and setpriv (util-linux) is missing: start as another ' +
        'user, or set LATCHKEY_DATABASE_URL to a PostgreSQL of your own',
    );
  }
  const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  // initdb looks for its parts by access(2), which counts a capability only with this bit.
  capability.push('--securebits=+no_setuid_fixup');
  return { program: setpriv, args: [...identity, ...capability, program, ...args] };
}

/** Hands a folder to the user that `unprivileged` runs as. */
export function giveToUnprivileged(folder: string): void {
  if (isRoot()) chownSync(folder, nobody, nobody);
}
