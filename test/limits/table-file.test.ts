import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTableFile, openTableFile, type TableKind } from '../../src/limits/table-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-table-'));
after(() => rmSync(folder, { recursive: true }));

const kind: TableKind = { name: 'tests', number: 9, wordCount: (buckets) => 64 + buckets };

test('a table is opened as it was made, each with a tag key of its own', () => {
  const paths = [join(folder, 'one'), join(folder, 'two')];
  const keys = paths.map((path) => {
    createTableFile(path, { kind, bucketCount: 100 });
    const table = openTableFile(path, kind);
    assert.equal(table?.bucketCount, 100);
    assert.equal(table.words.length, 164);
    table.unmap();
    return table.tagKey.join();
  });
  assert.notEqual(keys[0], keys[1]);
});

test('no file is no table; a fill that says no leaves what was there', () => {
  const path = join(folder, 'refused');
  assert.equal(openTableFile(path, kind), undefined);
  createTableFile(path, { kind, bucketCount: 1, fill: () => false });
  assert.equal(existsSync(path), false);
  assert.equal(existsSync(`${path}.new`), false);
});

test('a table that fails while it is made leaves the old one, and nothing of itself', () => {
  const path = join(folder, 'failed');
  createTableFile(path, { kind, bucketCount: 10 });
  const before = readFileSync(path);
  const fill = () => {
    throw new Error('no more');
  };
  assert.throws(() => createTableFile(path, { kind, bucketCount: 20, fill }), /no more/);
  assert.deepEqual(readFileSync(path), before);
  assert.equal(existsSync(`${path}.new`), false);
});

test('a foreign file, another kind or format and a file cut short are refused untouched', () => {
  const path = join(folder, 'foreign');
  const assertRefused = () => {
    const before = readFileSync(path);
    assert.throws(() => openTableFile(path, kind), /not a table of tests in format 1/);
    assert.deepEqual(readFileSync(path), before);
  };
  writeFileSync(path, 'hello');
  assertRefused();
  createTableFile(path, { kind: { ...kind, number: 8 }, bucketCount: 100 });
  assertRefused();
  createTableFile(path, { kind, bucketCount: 100 });
  truncateSync(path, 1000);
  assertRefused();
  createTableFile(path, { kind, bucketCount: 100 });
  const bytes = readFileSync(path);
  bytes.writeInt32LE(2, 4);
  writeFileSync(path, bytes);
  assertRefused();
});
