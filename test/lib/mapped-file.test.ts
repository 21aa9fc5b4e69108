import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mapFile, mapFileForReading, reserveFile } from '../../src/lib/mapped-file.ts';
import { waitFor } from '../support/wait-for.ts';

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

test('what is unmapped has no bytes any more, and V8 knows it at once', () => {
  const sizeBytes = 64 * 1024 * 1024;
  const externalBytes = () => process.memoryUsage().external;
  const before = externalBytes();
  const file = mapFile(join(folder, 'counted'), sizeBytes);
  const view = new Uint32Array(file.buffer);
  assert.ok(externalBytes() >= before + sizeBytes);
  file.unmap();
  assert.ok(externalBytes() < before + sizeBytes);
  assert.equal(view.length, 0);
  assert.equal(view[0], undefined);
});

test('a file that cannot be made is an error with the code of the operating system', async () => {
  assert.throws(() => mapFile(join(folder, 'no', 'such'), 4096), { code: 'ENOENT' });
  assert.throws(
    () => mapFile(join(folder, 'huge'), 2 ** 52),
    (error: NodeJS.ErrnoException) => ['ENOSPC', 'EFBIG'].includes(error.code ?? ''),
  );
  await assert.rejects(
    reserveFile(join(folder, 'huge later'), { sizeBytes: 2 ** 52, writtenBytes: 0 }),
    (error: NodeJS.ErrnoException) => ['ENOSPC', 'EFBIG'].includes(error.code ?? ''),
  );
});

/** In KiB. */
function residentSize(path: string): number {
  const maps = readFileSync('/proc/self/smaps', 'utf8');
  return Number(/Rss: +(\d+) kB/.exec(maps.slice(maps.indexOf(path)))?.[1]);
}

test('what is loaded is mapped without being touched, and keeps what it holds', async () => {
  const path = join(folder, 'loaded');
  const sizeBytes = 5_000_000;
  const file = mapFile(path, sizeBytes);
  new Uint8Array(file.buffer)[sizeBytes - 1] = 42;
  assert.ok(residentSize(path) < sizeBytes / 1024);
  file.load();
  await waitFor('all of it is mapped', () => residentSize(path) >= sizeBytes / 1024);
  assert.equal(new Uint8Array(file.buffer)[sizeBytes - 1], 42);
  file.unmap();
});

test('a file that was written ahead is as long as it should be, and zero', async () => {
  const path = join(folder, 'used');
  const sizeBytes = 5_000_000;
  for (const writtenBytes of [1000, 2 ** 21, 4_500_000, 9_000_000]) {
    await reserveFile(path, { sizeBytes, writtenBytes });
    assert.ok(readFileSync(path).equals(Buffer.alloc(sizeBytes)));
    rmSync(path);
  }
});

test('what is unmapped later has no bytes at once, and its file keeps them', async () => {
  const path = join(folder, 'later');
  await reserveFile(path, { sizeBytes: 1_000_000, writtenBytes: 0 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const file = mapFile(path, 1_000_000);
  const view = new Uint8Array(file.buffer).fill(42);
  const unmapped = file.unmapLater();
  assert.equal(view.length, 0);
  await unmapped;
  assert.equal(readFileSync('/proc/self/maps', 'utf8').includes(path), false);
  assert.deepEqual(new Set(readFileSync(path)), new Set([42]));
  await file.unmapLater();
});

test('files unmapped while they are loaded or prepared harm nobody, however many', async () => {
  for (let round = 0; round < 50; round += 1) {
    const files = Array.from({ length: 20 }, () => mapFile(join(folder, 'brief'), 5_000_000));
    for (const file of files) {
      file.load();
      file.prepare(5_000_000, 128 * 1024);
    }
    await new Promise(setImmediate);
    files.forEach((file, index) => void (index % 2 ? file.unmap() : file.unmapLater()));
  }
});
