/**
 * The sources without their types, kept beside the installed packages. Node strips types anew in
 * every process, which is half of what loading the sources takes, and its cache of compiled code
 * holds nothing that it had to strip.
 *
 * A kept text ends with the digest of the source that it was made from, which is read and compared
 * at each load: an edited source is never answered with an older text. What is missing or stale is
 * stripped by Node as ever. Names, lines and columns are those of the source.
 *
 * Nothing here writes: `strip-sources.ts` does. And it is JavaScript, because a process whose first
 * module has types loads the stripper for it, which takes 40 ms.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourcesUrl = new URL('../', import.meta.url).href;
export const sourcesFolder = fileURLToPath(sourcesUrl);
const cacheFolder = join(sourcesFolder, '../node_modules/.cache/latchkey');

/**
 * Where the text of a source is kept. Another Node strips for itself.
 *
 * @param {string} path From the folder of the sources on.
 */
export function strippedPath(path) {
  return join(cacheFolder, process.version, `${path}.js`);
}

/**
 * The last line of a text that was made from this source.
 *
 * @param {Uint8Array} source
 */
export function strippedMark(source) {
  return `\n// from ${hash('sha256', source)}\n`;
}

let missCount = 0;

/** Whether this process has loaded a source that was not kept as it is. */
export function missesStripped() {
  return missCount > 0;
}

/** @param {string} path */
function strippedSource(path) {
  try {
    const kept = readFileSync(strippedPath(path.slice(sourcesFolder.length)), 'utf8');
    return kept.endsWith(strippedMark(readFileSync(path))) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** For all that this process loads from now on. */
export function useStrippedSources() {
  enableCompileCache(join(cacheFolder, 'compiled'));
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith(sourcesUrl) || !url.endsWith('.ts')) return nextLoad(url, context);
      const source = strippedSource(fileURLToPath(url));
      if (source !== undefined) return { format: 'module', source, shortCircuit: true };
      missCount += 1;
      return nextLoad(url, context);
    },
  });
}
