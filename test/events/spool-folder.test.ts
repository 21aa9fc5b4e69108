import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createSegment, readSegmentHeader } from '../../src/events/segment.ts';
import {
  adoptSegments,
  diskBytes,
  foreignSegments,
  listingBytes,
  listSegments,
  type OpenListing,
} from '../../src/events/spool-folder.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { mapFile } from '../../src/lib/mapped-file.ts';
import { waitFor } from '../support/wait-for.ts';
import { type TestSpool, temporaryFolder, testSpool } from './river.ts';
import { verificationEvent } from './verification-events.ts';

let spool: TestSpool;
let temporary: { path: string; remove(): void };

beforeEach(() => {
  temporary = temporaryFolder();
  spool = testSpool(temporary.path);
});
afterEach(() => {
  spool.close();
  temporary.remove();
});

/** As a worker leaves it that dies now: one segment with events, one in reserve. */
async function append(owner: string, count: number): Promise<void> {
  const writer = spool.writer({ owner, clock: () => 1_790_000_000_000 });
  for (let number = 0; number < count; number++) {
    writer.append(verificationKind, verificationEvent(number));
  }
  const isReserve = ({ name, frameCount }: OpenListing) =>
    name.startsWith(`${owner}.`) && frameCount === 0;
  await waitFor('the reserve', () => listSegments(spool.folder).open.some(isReserve));
}

test('adoption seals what one owner left, and leaves the others alone', async () => {
  await append('w1', 10);
  await append('w2', 20);
  assert.equal(adoptSegments(spool.folder, 'w1'), 10);
  const { sealed, open } = listSegments(spool.folder);
  assert.deepEqual(
    sealed.map(({ owner, frameCount, openedAtMs }) => ({ owner, frameCount, openedAtMs })),
    [{ owner: 'w1', frameCount: 10, openedAtMs: 1_790_000_000_000 }],
  );
  assert.deepEqual(open.map(({ frameCount }) => frameCount).sort(), [0, 20]);
  assert.equal(adoptSegments(spool.folder), 20);
  assert.deepEqual(listSegments(spool.folder).open, []);
});

test('an owner whose name begins like another is another', async () => {
  await append('w1', 10);
  await append('w10', 20);
  assert.equal(adoptSegments(spool.folder, 'w1'), 10);
});

test('adoption removes what holds no event: a segment in reserve, one not yet ready', async () => {
  await append('w1', 0);
  writeFileSync(join(spool.folder.segments, 'w1.abcd.00000009.new'), Buffer.alloc(4096));
  assert.equal(adoptSegments(spool.folder), 0);
  assert.deepEqual(readdirSync(spool.folder.segments), []);
});

test('a count that the dead writer had put up before it committed is set right', async () => {
  await append('w2', 5);
  const path = join(spool.folder.segments, 'w1.abcd.00000001.open');
  const [mine] = listSegments(spool.folder).open.filter((segment) => segment.frameCount === 5);
  copyFileSync(join(spool.folder.segments, mine?.name ?? ''), path);
  const bytes = readFileSync(path);
  bytes.writeUInt32LE(6, 12);
  writeFileSync(path, bytes);
  assert.equal(adoptSegments(spool.folder, 'w1'), 5);
});

test('segments of another version and strange files are foreign', async () => {
  await append('w1', 7);
  adoptSegments(spool.folder);
  const [good] = readdirSync(spool.folder.segments);
  const older = readFileSync(join(spool.folder.segments, good ?? ''));
  older.writeUInt32LE(99, 4);
  const name = (good ?? '').replace('.w1.', '.w9.');
  writeFileSync(join(spool.folder.segments, name), older);
  writeFileSync(join(spool.folder.segments, 'w9.abcd.00000001.open'), older);
  writeFileSync(join(spool.folder.segments, 'notes.txt'), 'hello');
  assert.equal(adoptSegments(spool.folder), 0);
  assert.deepEqual(
    foreignSegments(spool.folder).sort((one, other) => other.frameCount - one.frameCount),
    [
      { name, frameCount: 7 },
      { name: 'notes.txt', frameCount: 0 },
      { name: 'w9.abcd.00000001.open', frameCount: 0 },
    ],
  );
});

test('the folders are private to their owner, and sizes are counted in whole blocks', async () => {
  assert.equal(statSync(spool.folder.segments).mode & 0o777, 0o700);
  assert.equal(statSync(spool.folder.quarantine).mode & 0o777, 0o700);
  assert.equal(diskBytes(1), 4096);
  await append('w1', 3);
  assert.equal(listingBytes(listSegments(spool.folder)), 2 * 64 * 1024);
  assert.equal(listingBytes(listSegments(spool.folder)), spool.counters.spoolBytes());
});

test('a segment that was made and not used has a header that can be read', () => {
  const path = join(spool.folder.segments, 'w1.abcd.00000001.open');
  createSegment(mapFile(path, 4096)).seal();
  assert.equal(readSegmentHeader(readFileSync(path))?.frameCount, 0);
});
