import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mapFile, mapFileForReading } from '../../src/lib/mapped-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-mapped-'));
after(() => rmSync(folder, { recursive: true }));

test('two mappings of one file share their bytes, and the file is private to its owner', () => {
  const path = join(folder, 'shared');
  const one = mapFile(path, 4096);
  const two = mapFile(path, 4096);
  Atomics.add(new Int32Array(one.buffer), 3, 7);
  assert.equal(Atomics.load(new Int32Array(two.buffer), 3), 7);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  one.unmap();
  two.unmap();
  one.unmap();
});

test('what was stored is read again after unmapping; a smaller wish keeps the larger file', () => {
  const path = join(folder, 'kept');
  const first = mapFile(path, 8192);
  new Uint8Array(first.buffer)[8191] = 42;
  first.unmap();
  const second = mapFile(path, 4096);
  assert.equal(second.sizeBytes, 8192);
  assert.equal(new Uint8Array(second.buffer)[8191], 42);
  second.unmap();
  const reading = mapFileForReading(path);
  assert.equal(new Uint8Array(reading.buffer)[8191], 42);
  reading.unmap();
});

test('a file that cannot be made is an error with the code of the operating system', () => {
  assert.throws(() => mapFile(join(folder, 'no', 'such'), 4096), { code: 'ENOENT' });
  assert.throws(
    () => mapFile(join(folder, 'huge'), 2 ** 52),
    (error: NodeJS.ErrnoException) => ['ENOSPC', 'EFBIG'].includes(error.code ?? ''),
  );
});
