/**
 * Entry point: keeps every source without its types where `stripped-sources.js` looks for it, in
 * half a second of a processor. Run when the dependencies are installed, and by a node that has
 * started without some of them.
 */
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { sourcesFolder, strippedMark, strippedPath } from './stripped-sources.js';

// Nothing here is secret, and who starts a node may be another than who installed it.
process.umask(0o022);
for (const path of globSync('**/*.ts', { cwd: sourcesFolder })) keep(path);

function keep(path: string): void {
  const source = readFileSync(join(sourcesFolder, path));
  const target = strippedPath(path);
  const mark = strippedMark(source);
  if (readIfThere(target).endsWith(mark)) return;
  mkdirSync(dirname(target), { recursive: true });
  // Another process may be doing the same: each text gets its place whole.
  const draft = `${target}.${process.pid}`;
  writeFileSync(draft, stripTypeScriptTypes(source.toString('utf8')) + mark);
  renameSync(draft, target);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
