/** The kept texts in a project of its own, with one module that is run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { projectFolder } from '../source-text.ts';

let root: string;
let program: string;
let kept: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-stripped-'));
  mkdirSync(join(root, 'src/lib'), { recursive: true });
  mkdirSync(join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const name of ['stripped-sources.js', 'use-stripped-sources.js', 'strip-sources.ts']) {
    copyFileSync(join(projectFolder, 'src/lib', name), join(root, 'src/lib', name));
  }
  program = join(root, 'src/program.ts');
  kept = join(root, 'node_modules/.cache/latchkey', process.version, 'program.ts.js');
  writeFileSync(program, `type Word = string;\nconst said: Word = 'first';\nconsole.log(said);\n`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function node(...args: string[]) {
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

function strip(): void {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'src/lib/strip-sources.ts')];
  assert.deepEqual(node(...args), { status: 0, stdout: '', stderr: '' });
}

function runProgram() {
  return node('--import', join(root, 'src/lib/use-stripped-sources.js'), program);
}

const says = (words: string) => ({ status: 0, stdout: `${words}\n`, stderr: '' });

test('a source runs the same before its text is kept, and after', () => {
  assert.deepEqual(runProgram(), says('first'));
  strip();
  assert.ok(existsSync(kept));
  assert.deepEqual(runProgram(), says('first'));
});

test('the kept text is what runs', () => {
  strip();
  writeFileSync(kept, readFileSync(kept, 'utf8').replace("'first'", "'kept!'"));
  assert.deepEqual(runProgram(), says('kept!'));
});

test('an edited source is never answered with the older text, even of the same size', () => {
  strip();
  writeFileSync(program, readFileSync(program, 'utf8').replace("'first'", "'other'"));
  assert.deepEqual(runProgram(), says('other'));
  strip();
  assert.deepEqual(runProgram(), says('other'));
});

test('a text that was cut is not believed', () => {
  strip();
  writeFileSync(kept, readFileSync(kept, 'utf8').slice(0, -20));
  assert.deepEqual(runProgram(), says('first'));
});

test('an error names the source, with its line and column', () => {
  writeFileSync(program, `type Word = string;\nconst word: Word = 'x'; throw new Error(word);\n`);
  strip();
  const { stderr } = runProgram();
  assert.ok(stderr.includes(`${program}:2:31`), stderr);
});

test('what is kept can be read by who did not keep it', () => {
  const mask = process.umask(0o077);
  strip();
  process.umask(mask);
  const run = spawnSync('stat', ['-c', '%a', kept], { encoding: 'utf8' });
  assert.equal(run.stdout.trim(), '644');
});
