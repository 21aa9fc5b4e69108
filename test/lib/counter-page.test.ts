import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCounterPage } from '../../src/lib/counter-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-counters-'));
after(() => rmSync(folder, { recursive: true }));

test('a count is there for whoever opens the page next, with names that came later at 0', () => {
  const path = join(folder, 'again');
  const first = openCounterPage(path, ['a', 'b']);
  first.add('b', 3);
  first.addAt(first.indexOf('b'), 4n);
  first.close();
  const second = openCounterPage(path, ['a', 'b', 'c']);
  assert.deepEqual([second.get('a'), second.get('b'), second.get('c')], [0, 7, 0]);
  second.close();
});

test('a page has room for more names than one page of memory holds', () => {
  const names = Array.from({ length: 1000 }, (_, number) => `name_${number}`);
  const page = openCounterPage(join(folder, 'many'), names);
  page.add('name_999', 1);
  assert.equal(page.get('name_999'), 1);
  page.close();
});

test('two processes that count the same lose nothing', async () => {
  const path = join(folder, 'shared');
  const page = openCounterPage(path, ['a']);
  const source = `
    const { openCounterPage } = await import(${JSON.stringify(
      new URL('../../src/lib/counter-page.ts', import.meta.url).href,
    )});
    const page = openCounterPage(${JSON.stringify(path)}, ['a']);
    for (let count = 0; count < 300_000; count += 1) page.addAt(0, 1n);
    page.close();`;
  const counting = [1, 2].map(async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source]);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
  await Promise.all(counting);
  assert.equal(page.get('a'), 600_000);
  page.close();
});
