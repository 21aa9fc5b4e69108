import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { entryAt, HashSorter } from '../../src/keys/hash-sorter.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sorter-'));
after(() => rmSync(folder, { recursive: true }));

const hashOf = (text: string) => createHash('sha256').update(text).digest();

/** What comes out, as hex and bytes; the sorter is closed. */
function drain(sorter: HashSorter): [hash: string, bytes: string][] {
  const all: [string, string][] = [];
  for (const { bytes, places } of sorter.sorted()) {
    for (const place of places) {
      const { hashAt, recordAt, end } = entryAt(bytes, place);
      all.push([bytes.toString('hex', hashAt, recordAt), bytes.toString('utf8', recordAt, end)]);
    }
  }
  sorter.close();
  return all;
}

test('all that went in comes out in the order of bytes, from memory and from the file', () => {
  // Room for some of what does not fit into the blocks of the buckets, and not for all.
  const sorter = new HashSorter(join(folder, 'many'), 8_000_000);
  const expected: [string, string][] = [];
  // 150 bytes each: each bucket's block is filled two times.
  for (let index = 0; index < 250_000; index += 1) {
    const hash =
      index % 10 === 0 ? Buffer.concat([Buffer.of(3), hashOf(`${index}`)]) : hashOf(`${index}`);
    const text = `${index}`.padEnd(115);
    sorter.add(hash, Buffer.from(text));
    expected.push([hash.toString('hex'), text]);
  }
  expected.sort(([one], [other]) => (one < other ? -1 : 1));
  assert.deepEqual(drain(sorter), expected);
});

test('hashes that are alike in their first bytes are told apart by the others', () => {
  const sorter = new HashSorter(join(folder, 'alike'), 0);
  const tails = [9, 3, 7, 1, 8, 2];
  for (const tail of tails) sorter.add(Buffer.from([5, 1, 1, 1, 1, 1, tail]), Buffer.of(tail));
  assert.deepEqual(
    drain(sorter).map(([hash]) => hash.slice(-2)),
    ['01', '02', '03', '07', '08', '09'],
  );
});

test('a record may be larger than what is kept in memory', () => {
  const sorter = new HashSorter(join(folder, 'large'), 2_000_000);
  const large = 'x'.repeat(1_000_000);
  for (const text of ['a', large, 'b']) {
    sorter.add(Buffer.from([7, 0, 0, 0, text.length % 256, 0]), Buffer.from(text));
  }
  assert.deepEqual(
    drain(sorter)
      .map(([, text]) => text)
      .sort(),
    ['a', 'b', large].sort(),
  );
});

test('its file has no name, so that nothing is left of it', () => {
  const sorter = new HashSorter(join(folder, 'nameless'), 0);
  assert.deepEqual(readdirSync(folder), []);
  sorter.close();
});
