import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeWhole } from '../../src/lib/write-whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-write-'));
after(() => rmSync(folder, { recursive: true }));

test('bytes stand where they were to be written', () => {
  const path = join(folder, 'bytes');
  const file = openSync(path, 'w');
  writeWhole(file, Buffer.from('later'), 3);
  writeWhole(file, Buffer.from('now'), 0);
  writeWhole(file, Buffer.alloc(0), 100);
  closeSync(file);
  assert.equal(readFileSync(path, 'utf8'), 'nowlater');
});

test('a disk without room is an error of the operating system', () => {
  const full = openSync('/dev/full', 'w');
  assert.throws(() => writeWhole(full, Buffer.alloc(1), 0), { code: 'ENOSPC' });
  closeSync(full);
});
