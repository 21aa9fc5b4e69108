/**
 * Source text as the tidy test needs it: found by walking the folders, cut by regular expressions.
 * It leans on Biome's formatting (one statement a line, a block closes in the column where its
 * line began) instead of a parser, which no small dependency offers for TypeScript.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export type SourceText = {
  /** From the project folder, with `/`. */
  path: string;
  text: string;
  /** The same length and lines, but comments, strings and regular expressions are spaces. */
  code: string;
};

export type Import = {
  specifier: string;
  line: number;
  /** Gone when the program runs. */
  isType: boolean;
};

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//.source;
const quoted = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/.source;
const template = /`(?:\\[\s\S]|\$\{(?:[^`{}]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*`/.source;
const expression =
  /(?<=(?:[(,=:[!&|?{};]|\breturn)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//.source;
const literals = new RegExp([comment, quoted, template, expression].join('|'), 'g');

const imports =
  /^(?:import|export)\s[^'";]*?from\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;

/** Every file below `folder` (or `folder` itself, a file), sorted; none where it does not exist. */
export function filesBelow(folder: string): string[] {
  const start = join(projectFolder, folder);
  if (!existsSync(start)) return [];
  if (statSync(start).isFile()) return [folder];
  return readdirSync(start)
    .filter((name) => name !== 'node_modules')
    .sort()
    .flatMap((name) => filesBelow(posix.join(folder, name)));
}

export function readSource(path: string): SourceText {
  const text = readFileSync(join(projectFolder, path), 'utf8');
  return { path, text, code: text.replace(literals, (found) => found.replace(/[^\n]/g, ' ')) };
}

export function importsOf({ text }: SourceText): Import[] {
  return [...text.matchAll(imports)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    line: lineAt(text, match.index),
    isType: /^(?:import|export) type\b/.test(match[0]),
  }));
}

/** The path of an imported file of ours; undefined for a package or a module of Node. */
export function importedPath(from: string, { specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** The package of an import; undefined for our own files and for modules of Node. */
export function importedPackage({ specifier }: Import): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** The blocks that can be function bodies: where each begins, and how many lines it spans. */
export function functionBlocks({ code }: SourceText): { line: number; lineCount: number }[] {
  const lines = code.split('\n');
  return lines.flatMap((line, first) => {
    if (!/(?:=>|\)(?:: .*)?) \{\s*$/.test(line)) return [];
    const indent = line.search(/\S/);
    const rest = lines.slice(first + 1);
    const end = rest.findIndex(
      (next) => next.search(/\S/) === indent && /^\s*\}.*[^{]$|^\s*\}$/.test(next),
    );
    return [{ line: first + 1, lineCount: end + 2 }];
  });
}

/** The parameter lists, of types too: where each begins, and how many parameters it has. */
export function parameterLists({ code }: SourceText): { line: number; parameterCount: number }[] {
  return [...code.matchAll(/\(/g)].flatMap(({ index }) => {
    const { end, itemCount } = readList(code, index);
    if (!/^(?: \{| =>|: )/.test(code.slice(end + 1, end + 4))) return [];
    return [{ line: lineAt(code, index), parameterCount: itemCount }];
  });
}

/** Where the bracket opened at `start` closes, and how many items are between its commas. */
function readList(code: string, start: number): { end: number; itemCount: number } {
  let depth = 0;
  let itemCount = 0;
  let hasItem = false;
  for (let at = start; at < code.length; at += 1) {
    const character = code[at] as string;
    const isArrow = character === '>' && code[at - 1] === '=';
    if (')]}>'.includes(character) && !isArrow) depth -= 1;
    if (depth === 0 && at > start) return { end: at, itemCount: itemCount + (hasItem ? 1 : 0) };
    if (depth === 1 && character === ',') {
      itemCount += 1;
      hasItem = false;
    } else if (at > start && /\S/.test(character)) hasItem = true;
    if ('([{<'.includes(character)) depth += 1;
  }
  return { end: code.length, itemCount: 0 };
}

/** The 1-based lines of `text` on which `pattern` is found. */
export function linesWith(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, at) => (pattern.test(line) ? [at + 1] : []));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
