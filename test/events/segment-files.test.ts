import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSegmentFiles } from '../../src/events/segment-files.ts';
import { temporaryFolder } from './river.ts';

const { path: folder, remove } = temporaryFolder();
const files = openSegmentFiles();
after(() => {
  files.close();
  remove();
});

const sizeBytes = 3_000_000;
const sizes = { sizeBytes, writtenBytes: 0, readyBytes: sizeBytes, bytesAtOnce: 16 * 1024 };

test('many files are made and ended at once, each as it was asked for', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `many-${index}`);
  await Promise.all(
    names.map(async (name, index) => {
      const path = join(folder, name);
      const file = await files.make(path, { ...sizes, writtenBytes: index * 90_000 });
      new Uint8Array(file.buffer).fill(index);
      const ending = { path, keptBytes: 1000 + index, newPath: `${path}.ended` };
      await files.end(file, ending);
      assert.equal(file.buffer.byteLength, 0);
    }),
  );
  for (const [index, name] of names.entries()) {
    const ended = readFileSync(join(folder, `${name}.ended`));
    assert.ok(ended.equals(Buffer.alloc(1000 + index, index)));
  }
  assert.equal(readdirSync(folder).length, names.length);
  assert.equal(readFileSync('/proc/self/maps', 'utf8').includes(folder), false);
});

test('what cannot be made or ended is an error with the code of the operating system', async () => {
  await assert.rejects(files.make(join(folder, 'no', 'such'), sizes), { code: 'ENOENT' });
  await assert.rejects(
    files.make(join(folder, 'huge'), { ...sizes, sizeBytes: 2 ** 52 }),
    (error: NodeJS.ErrnoException) => ['ENOSPC', 'EFBIG'].includes(error.code ?? ''),
  );
  const path = join(folder, 'again');
  const file = await files.make(path, sizes);
  const nowhere = { path, keptBytes: 10, newPath: join(folder, 'no', 'such') };
  await assert.rejects(files.end(file, nowhere), { code: 'ENOENT' });
  await files.end(file, { ...nowhere, newPath: join(folder, 'second') });
  assert.equal(statSync(join(folder, 'second')).size, 10);
});

test('what is asked for after the end is done on the spot; it may end twice', async () => {
  const closing = openSegmentFiles();
  const path = join(folder, 'late');
  const file = await closing.make(path, sizes);
  closing.close();
  closing.close();
  await closing.end(file, { path, keptBytes: 10, newPath: `${path}.ended` });
  assert.equal(statSync(`${path}.ended`).size, 10);
  const other = await closing.make(path, sizes);
  assert.equal(other.sizeBytes, sizeBytes);
  other.unmap();
});
