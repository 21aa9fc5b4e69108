import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adoptMapping, mapFile, mapFileForReading } from '../../src/lib/mapped-file.ts';
import { mappedBytes } from '../support/mapped-bytes.ts';
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

test('a file that cannot be made is an error with the code of the operating system', () => {
  assert.throws(() => mapFile(join(folder, 'no', 'such'), 4096), { code: 'ENOENT' });
  assert.throws(
    () => mapFile(join(folder, 'huge'), 2 ** 52),
    (error: NodeJS.ErrnoException) => ['ENOSPC', 'EFBIG'].includes(error.code ?? ''),
  );
});

test('what is loaded is mapped without being touched, and keeps what it holds', async () => {
  const path = join(folder, 'loaded');
  const sizeBytes = 5_000_000;
  const file = mapFile(path, sizeBytes);
  new Uint8Array(file.buffer)[sizeBytes - 1] = 42;
  assert.ok(mappedBytes(path) < sizeBytes);
  file.load();
  await waitFor('all of it is mapped', () => mappedBytes(path) >= sizeBytes);
  assert.equal(new Uint8Array(file.buffer)[sizeBytes - 1], 42);
  file.unmap();
});

test('what is released stays mapped, for whoever was told where', () => {
  const path = join(folder, 'released');
  const file = mapFile(path, 8192);
  const view = new Uint8Array(file.buffer).fill(42);
  const address = file.release();
  assert.ok(address);
  assert.equal(view.length, 0);
  assert.equal(file.release(), undefined);
  file.unmap();
  const adopted = adoptMapping({ path, address, sizeBytes: 8192 });
  assert.equal(new Uint8Array(adopted.buffer)[8191], 42);
  adopted.unmap();
  assert.equal(readFileSync('/proc/self/maps', 'utf8').includes(path), false);
});

test('files unmapped while they are loaded harm nobody, however many', async () => {
  for (let round = 0; round < 50; round += 1) {
    const files = Array.from({ length: 20 }, () => mapFile(join(folder, 'brief'), 5_000_000));
    for (const file of files) file.load();
    await new Promise(setImmediate);
    for (const file of files) file.unmap();
  }
});
