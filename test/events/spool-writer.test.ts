import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate as afterChores } from 'node:timers/promises';
import { unpackFields } from '../../src/events/event-codec.ts';
import { readFrames, readSegmentHeader, type SegmentHeader } from '../../src/events/segment.ts';
import { adoptSegments, listSegments } from '../../src/events/spool-folder.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
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

/** Request ids of all sealed segments, in the order of their names. */
function spooledIds(): unknown[] {
  return listSegments(spool.folder).sealed.flatMap(({ name }) => {
    const bytes = readFileSync(join(spool.folder.segments, name));
    const { frames } = readFrames(bytes, readSegmentHeader(bytes) as SegmentHeader);
    return frames.map((frame) => unpackFields(bytes, frame.start, frame.end)[0]);
  });
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => verificationEvent(from + index).requestId);
}

test('events take as many segments as they need, and none is lost or out of order', async () => {
  const writer = spool.writer({ segmentBytes: 4096, clock: () => 1_790_000_000_000 });
  for (let number = 0; number < 500; number++) {
    assert.equal(writer.append(verificationKind, verificationEvent(number)), true);
    if (number % 10 === 0) await afterChores();
  }
  await writer.close();
  assert.deepEqual(spooledIds(), ids(0, 500));
  const { sealed, open } = listSegments(spool.folder);
  assert.deepEqual(open, []);
  assert.equal(
    sealed.reduce((sum, segment) => sum + segment.frameCount, 0),
    500,
  );
  for (const segment of sealed) {
    assert.equal(statSync(join(spool.folder.segments, segment.name)).size, segment.fileBytes);
  }
});

test('a burst that leaves no time to prepare a segment loses nothing either', async () => {
  const writer = spool.writer({ segmentBytes: 4096 });
  for (let number = 0; number < 500; number++) {
    assert.equal(writer.append(verificationKind, verificationEvent(number)), true);
  }
  await writer.close();
  assert.deepEqual(new Set(spooledIds()), new Set(ids(0, 500)));
  assert.equal(writer.appendedCount, 500);
});

test('a writer that fills segments in no time has two in reserve, given back', async () => {
  const writer = spool.writer({ segmentBytes: 4096, clock: () => 1_790_000_000_000 });
  const open = () => listSegments(spool.folder).open.length;
  let number = 0;
  /** One is in use. */
  const appendUntilOpen = (count: number) =>
    waitFor(`${count} in reserve`, () => {
      if (open() === 1 + count) return true;
      writer.append(verificationKind, verificationEvent(number));
      number += 1;
      return false;
    });
  writer.append(verificationKind, verificationEvent(number));
  number += 1;
  await waitFor('one in reserve', () => open() === 2);
  await appendUntilOpen(2);
  await writer.close();
  assert.equal(open(), 0);
  assert.equal(readdirSync(spool.folder.segments).length, listSegments(spool.folder).sealed.length);
  assert.deepEqual(new Set(spooledIds()), new Set(ids(0, number)));
});

test('a segment is sealed so long after its first event, and without one never', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let sealedCount = 0;
    const onSealed = () => {
      sealedCount += 1;
    };
    const writer = spool.writer({ segmentAgeMs: 1000, onSealed });
    mock.timers.tick(5000);
    assert.equal(sealedCount, 0);
    writer.append(verificationKind, verificationEvent(1));
    mock.timers.tick(999);
    assert.equal(sealedCount, 0);
    mock.timers.tick(1);
    await writer.seal();
    assert.equal(sealedCount, 1);
    mock.timers.tick(5000);
    assert.equal(sealedCount, 1);
    assert.deepEqual(spooledIds(), ids(1, 2));
    await writer.close();
  } finally {
    mock.timers.reset();
  }
});

test('at its limit the spool drops the newest events, counted, until there is room', async () => {
  let nowMs = 0;
  const writer = spool.writer({
    segmentBytes: 8192,
    spoolBytesMax: 3 * 8192,
    clock: () => nowMs,
  });
  let accepted = 0;
  for (let number = 0; number < 1000; number++) {
    if (writer.append(verificationKind, verificationEvent(number))) accepted += 1;
  }
  assert.ok(accepted > 0 && accepted < 1000);
  assert.equal(spool.counters.dropped().spool_full, 1000 - accepted);
  spool.counters.setSpoolBytes(0);
  nowMs = 1000;
  assert.equal(writer.append(verificationKind, verificationEvent(1000)), true);
  await writer.close();
  assert.deepEqual(new Set(spooledIds()), new Set([...ids(0, accepted), ...ids(1000, 1001)]));
});

test('an event larger than a segment is dropped and counted, the next one is taken', async () => {
  const writer = spool.writer({ segmentBytes: 4096 });
  const large = verificationEvent(1, { tags: ['x'.repeat(5000)] });
  assert.equal(writer.append(verificationKind, large), false);
  assert.equal(writer.append(verificationKind, verificationEvent(2)), true);
  await writer.close();
  assert.equal(spool.counters.dropped().too_large, 1);
  assert.deepEqual(spooledIds(), ids(2, 3));
});

test('after its end a writer drops and counts, and leaves no empty segment behind', async () => {
  const writer = spool.writer();
  await writer.close();
  assert.equal(writer.append(verificationKind, verificationEvent(1)), false);
  assert.equal(spool.counters.dropped().closed, 1);
  assert.deepEqual(readdirSync(spool.folder.segments), []);
  assert.equal(spool.counters.spoolBytes(), 0);
});

test('a writer whose segments are adopted as it lives loses and repeats no event', async () => {
  const writer = spool.writer();
  for (let number = 0; number < 1000; number++) {
    assert.equal(writer.append(verificationKind, verificationEvent(number)), true);
    if (number % 97 === 0) adoptSegments(spool.folder);
    if (number % 13 === 0) await afterChores();
  }
  await writer.close();
  const spooled = spooledIds();
  assert.equal(spooled.length, 1000);
  assert.deepEqual(new Set(spooled), new Set(ids(0, 1000)));
});

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'only root can mount a small disk' };

test('on a full disk events are dropped and counted until there is room', needsRoot, async () => {
  const mounted = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', mounted.path]);
  try {
    let nowMs = 0;
    const small = testSpool(mounted.path);
    const writer = small.writer({ segmentBytes: 32 * 1024, clock: () => nowMs });
    const filler = join(mounted.path, 'filler');
    writeFileSync(filler, Buffer.alloc(100 * 1024));
    let accepted = 0;
    for (let number = 0; number < 3000; number++) {
      if (writer.append(verificationKind, verificationEvent(number))) accepted += 1;
    }
    assert.ok(accepted > 0 && accepted < 3000);
    assert.equal(small.counters.dropped().disk_full, 3000 - accepted);
    writeFileSync(filler, '');
    nowMs = 1000;
    assert.equal(writer.append(verificationKind, verificationEvent(3000)), true);
    await writer.close();
    const rows = listSegments(small.folder).sealed.map((segment) => segment.frameCount);
    assert.equal(
      rows.reduce((sum, count) => sum + count, 0),
      accepted + 1,
    );
    small.close();
  } finally {
    execFileSync('umount', [mounted.path]);
    mounted.remove();
  }
});
