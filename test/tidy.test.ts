/** Reads the source and keeps the rules of its style; a failure names each place as file:line. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import {
  filesBelow,
  functionBlocks,
  importedPackage,
  importedPath,
  importsOf,
  linesWith,
  parameterLists,
  readSource,
  type SourceText,
} from './source-text.ts';

/** Inner to outer: a folder imports itself and those before it. */
const folderOrder = [
  ...['lib', 'domain', 'native', 'contract', 'config', 'limits', 'verify', 'keys', 'events'],
  ...['replication', 'control', 'analytics', 'http', 'embedded', 'processes', 'command-line'],
];
/** `processes` hands one's functions to another as arguments; only types are imported. */
const spokes = ['keys', 'events', 'replication', 'control', 'http'];
/** What is run by a path, or loaded by `main.js`, which has no types to be read here. */
const entryPoints = [
  'src/command-line/run-command-line.ts',
  'src/processes/primary.ts',
  'src/processes/worker.ts',
  'src/embedded/clickhouse-child.ts',
  'src/events/batch-task.ts',
  'src/lib/strip-sources.ts',
];

const isTypeScript = (path: string) => path.endsWith('.ts') && !path.includes('.generated.');
const sources = filesBelow('src').filter(isTypeScript).map(readSource);
const tests = filesBelow('test').filter(isTypeScript).map(readSource);
const benches = filesBelow('native-bench').filter(isTypeScript).map(readSource);
const native = ['native', 'native-bench']
  .flatMap(filesBelow)
  .filter((path) => /\.[ch]$/.test(path));
const scripts = ['bin', '.ci', 'Makefile', 'native/Makefile']
  .flatMap(filesBelow)
  .concat(native)
  .map(readSource);
const everyFile = [...sources, ...tests, ...benches];

const folderOf = (path: string) => path.split('/')[1] ?? '';

function none(places: string[]): void {
  assert.equal(places.length, 0, `\n  ${places.join('\n  ')}\n`);
}

function placesWith(files: SourceText[], pattern: RegExp, problem: string): string[] {
  return files.flatMap(({ path, code }) =>
    linesWith(code, pattern).map((line) => `${path}:${line} ${problem}`),
  );
}

test('a folder imports itself and folders further in, and a spoke calls no other spoke', () => {
  none(
    sources.flatMap((source) => {
      const folder = folderOf(source.path);
      const place = folderOrder.indexOf(folder);
      if (place < 0) return [`${source.path}:1 is in a folder that has no place in the order`];
      return importsOf(source).flatMap((found) => {
        const target = folderOf(importedPath(source.path, found) ?? source.path);
        const isBetweenSpokes = [folder, target].every((one) => spokes.includes(one));
        if (target === folder) return [];
        if (folderOrder.indexOf(target) < place && (found.isType || !isBetweenSpokes)) return [];
        return [`${source.path}:${found.line} ${folder} must not import ${target}`];
      });
    }),
  );
});

test('no file imports itself by way of others', () => {
  const targets = new Map(sources.map((source) => [source.path, importTargets(source)]));
  none(
    [...targets.keys()]
      .filter((path) => reach(targets.get(path) ?? [], targets).has(path))
      .map((path) => `${path}:1 is on a cycle of imports`),
  );
});

test('a foreign package is imported from exactly one folder', () => {
  const places = new Map<string, Map<string, string>>();
  for (const source of sources) {
    for (const found of importsOf(source)) {
      const name = importedPackage(found);
      if (!name) continue;
      const folders = places.get(name) ?? new Map<string, string>();
      places.set(name, folders.set(folderOf(source.path), `${source.path}:${found.line}`));
    }
  }
  none(
    [...places].flatMap(([name, folders]) =>
      folders.size > 1 ? [`${[...folders.values()].join(', ')} import ${name}`] : [],
    ),
  );
});

test('the environment is read by the configuration, and only the command line prints', () => {
  const outsideConfig = sources.filter(({ path }) => folderOf(path) !== 'config');
  none([
    ...placesWith(outsideConfig, /\bprocess\.env\b/, 'reads process.env'),
    ...placesWith(sources, /\bconsole\./, 'prints with console'),
  ]);
});

test('nobody loads undici at the start by importing node:http', () => {
  none(
    sources.flatMap(({ path, text }) =>
      linesWith(text, /from 'node:http/).map((line) => `${path}:${line}: see src/lib/node-http.ts`),
    ),
  );
});

test('files, functions, parameter lists and lines keep to their sizes', () => {
  none([
    ...everyFile.flatMap((file) => oversizes(file)),
    ...[...everyFile, ...scripts].flatMap(({ path, text }) =>
      linesWith(text, /^.{101}/u).map((line) => `${path}:${line} is wider than 100 columns`),
    ),
  ]);
  for (const files of [sources, everyFile]) {
    const lineCounts = files.map(lineCountOf).sort((a, b) => a - b);
    const median = lineCounts[lineCounts.length >> 1] ?? 0;
    assert.ok(median <= 120, `the median file has ${median} lines, more than 120`);
  }
});

test('file names are kebab-case and say what is inside', () => {
  const vague = /(?:^|-)(?:data|info|utils?|helpers?|manager|common|misc|types|index)(?:-|\.)/;
  none(
    everyFile.flatMap(({ path }) => {
      const name = posix.basename(path);
      if (vague.test(name)) return [`${path}:1 has a name that says nothing`];
      return /^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(name) ? [] : [`${path}:1 is not kebab-case`];
    }),
  );
});

test('a unit test has its twin in src', () => {
  const paths = new Set([...filesBelow('src'), ...filesBelow('bin')]);
  none(
    tests.flatMap(({ path }) => {
      const isWhole = /\.(?:e2e|chaos)\.test\.ts$/.test(path) || path === 'test/tidy.test.ts';
      if (isWhole || !path.endsWith('.test.ts')) return [];
      const twin = path.replace(/^test\//, '').replace(/(?:\.pg|\.ch)?\.test\.ts$/, '');
      if (paths.has(`src/${twin}.ts`) || paths.has(twin)) return [];
      return [`${path}:1 has no twin src/${twin}.ts`];
    }),
  );
});

test('every file is reached from an entry point', () => {
  const targets = new Map(everyFile.map((file) => [file.path, importTargets(file)]));
  const isRun = (path: string) => /\.test\.ts$|-bench\.ts$/.test(path) || path === 'test/run.ts';
  const forTests = everyFile.map(({ path }) => path).filter((path) => isRun(path));
  const reachedBySources = reach(entryPoints, targets);
  const reachedByTests = reach(forTests, targets);
  none([
    ...sources
      .filter(({ path }) => !reachedBySources.has(path))
      .map(({ path }) => `${path}:1 is not reached from src/main.js or another entry point`),
    ...tests
      .filter(({ path }) => !reachedByTests.has(path))
      .map(({ path }) => `${path}:1 is not reached from a test`),
  ]);
});

test('no test is singled out, skipped or postponed, and no mark postpones work', () => {
  const called = /\b(?:test|it|suite|describe|t|context)\.(?:only|skip|todo)\b/;
  const optional = /\b(?:test|it|suite|describe)\(.*\b(?:only|skip|todo)\b/;
  none([
    ...placesWith(tests, called, 'is not always run'),
    ...placesWith(tests, optional, 'is not always run'),
    ...[...everyFile, ...scripts].flatMap(({ path, text }) =>
      linesWith(text, /\b(?:TODO|FIXME|XXX)(?=[\s:(])/).map((line) => `${path}:${line} is a mark`),
    ),
  ]);
});

test('what installs and starts names no registry host and no path of one machine', () => {
  const host = /"resolved"|\bregistry\s*=|\bregistry[.-][\w-]+\.\w|\bnpmjs\.|\bnpm\.pkg\./;
  const machinePath = /(?<![\w.$})-])\/(?:work|home|root|tmp|Users)\//;
  const files = [...scripts, ...['package.json', 'package-lock.json', '.npmrc'].map(readSource)];
  none(
    files.flatMap(({ path, text }) => [
      ...linesWith(text, host).map((line) => `${path}:${line} names a registry`),
      ...linesWith(text, machinePath).map((line) => `${path}:${line} names a path of one machine`),
    ]),
  );
});

test('the lock file names the binaries for every platform, whichever machine wrote it', () => {
  type Locked = { version: string; optionalDependencies?: Record<string, string> };
  const lock = JSON.parse(readSource('package-lock.json').text);
  const packages = new Map<string, Locked>(Object.entries(lock.packages));
  none(
    [...packages].flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !packages.has(`${path}/node_modules/${name}`))
        .filter((name) => !packages.has(`node_modules/${name}`))
        .map(
          (name) => `package-lock.json:1 has no ${name}, which ${path} may need: npm ci refuses`,
        ),
    ),
  );
});

function oversizes(file: SourceText): string[] {
  const { path } = file;
  const lineCount = lineCountOf(file);
  return [
    ...(lineCount > 400 ? [`${path}:1 has ${lineCount} lines, more than 400`] : []),
    ...functionBlocks(file)
      .filter((block) => block.lineCount > 70)
      .map((block) => `${path}:${block.line} is a function of ${block.lineCount} lines, over 70`),
    ...parameterLists(file)
      .filter((list) => list.parameterCount > 4)
      .map((list) => `${path}:${list.line} has ${list.parameterCount} parameters, more than 4`),
  ];
}

function lineCountOf({ text }: SourceText): number {
  return text.trimEnd().split('\n').length;
}

function importTargets(file: SourceText): string[] {
  return importsOf(file).flatMap((found) => importedPath(file.path, found) ?? []);
}

/** Everything that the files at `starts` import, by way of others too, and they themselves. */
function reach(starts: string[], targets: Map<string, string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...starts];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path) || !targets.has(path)) continue;
    reached.add(path);
    open.push(...(targets.get(path) ?? []));
  }
  return reached;
}
