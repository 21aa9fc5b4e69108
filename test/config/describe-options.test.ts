import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { optionsHelp, optionsTable } from '../../src/config/describe-options.ts';
import { options, variableOf } from '../../src/config/options.ts';

const snapshot = new URL('options-help.txt', import.meta.url);

test('the help names every setting as a flag and as a variable', () => {
  const help = optionsHelp();
  for (const { name } of options) {
    assert.ok(help.includes(`--${name} `), name);
    assert.ok(help.includes(`${variableOf(name)}:`), name);
  }
});

test('the help reads as it was last agreed; with LATCHKEY_TEST_UPDATE set, it is agreed', () => {
  const help = `${optionsHelp()}\n`;
  if (process.env.LATCHKEY_TEST_UPDATE) writeFileSync(snapshot, help);
  assert.equal(help, readFileSync(snapshot, 'utf8'));
});

test("the README's table of settings is the one that the options make", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, table] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? [];
  assert.equal(table, optionsTable());
});
