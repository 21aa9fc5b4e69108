import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mapWindow } from '../../src/lib/mapped-file.ts';
import { startReadAhead } from '../../src/native/read-ahead.ts';
import { mappedBytes } from '../support/mapped-bytes.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-ahead-'));
after(() => rmSync(folder, { recursive: true }));

const mebibyte = 2 ** 20;

function makeFile(name: string, sizeBytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

test('a file is mapped up to its end before anybody reads it', async () => {
  const sizeBytes = 9 * mebibyte + 4096;
  const path = makeFile('whole', sizeBytes);
  const file = mapWindow(path, 64 * mebibyte);
  assert.equal(mappedBytes(path), 0);
  const ahead = startReadAhead(file.buffer, sizeBytes);
  await waitFor('all of it is mapped', () => mappedBytes(path) >= sizeBytes);
  ahead?.stop();
  file.unmap();
});

test('a file may be unmapped while it is being read, once that was stopped', () => {
  for (let round = 0; round < 200; round += 1) {
    const path = makeFile(`round-${round}`, 8 * mebibyte);
    const file = mapWindow(path, 16 * mebibyte);
    const ahead = startReadAhead(file.buffer, 8 * mebibyte);
    if (round % 2 === 0) file.buffer.slice(0, 2 * mebibyte);
    ahead?.stop();
    file.unmap();
  }
});
