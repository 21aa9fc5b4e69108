import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packFields, unpackFields } from '../../src/events/event-codec.ts';
import {
  createSegment,
  payloadBytesMax,
  readFrames,
  readSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../../src/events/segment.ts';
import { mapFile } from '../../src/lib/mapped-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-segment-'));
after(() => rmSync(folder, { recursive: true }));

let fileCount = 0;

/** A file with these texts as frames, read back as bytes. */
function segmentOf(...texts: string[]): Buffer {
  fileCount += 1;
  const path = join(folder, `segment-${fileCount}`);
  const segment = createSegment(mapFile(path, 8192));
  segment.markOpened(1_790_000_000_123);
  for (const text of texts) assert.ok(segment.append(1, packFields([text])));
  segment.seal();
  return readFileSync(path);
}

function headerOf(bytes: Buffer): SegmentHeader {
  const header = readSegmentHeader(bytes);
  assert.ok(header);
  return header;
}

function textsOf(bytes: Buffer): unknown[] {
  const { frames } = readFrames(bytes, headerOf(bytes));
  return frames.map((frame) => unpackFields(bytes, frame.start, frame.end)[0]);
}

test('frames of any length come back in order, and the header counts them', () => {
  const texts = ['', 'a', 'ab', 'abc', 'abcd', 'ä€😀', 'x'.repeat(3000)];
  const bytes = segmentOf(...texts);
  assert.deepEqual(textsOf(bytes), texts);
  const header = headerOf(bytes);
  assert.equal(header.frameCount, texts.length);
  assert.equal(header.openedAtMs, 1_790_000_000_123);
  assert.equal(header.isClosed, true);
  assert.equal(readFrames(bytes, header).intact, true);
});

test('a frame that does not fit leaves the segment as it was', async () => {
  const segment = createSegment(mapFile(join(folder, 'small'), 4096));
  const fits = 'y'.repeat(payloadBytesMax(4096) - 4);
  assert.equal(segment.append(1, packFields([`${fits}four`])), false);
  assert.equal(segment.frameCount, 0);
  assert.equal(segment.append(1, packFields([fits])), true);
  assert.equal(segment.append(1, packFields(['z'])), false);
  segment.seal();
  assert.deepEqual(textsOf(readFileSync(join(folder, 'small'))), [fits]);
});

test('what was written but not committed is not read', () => {
  const bytes = segmentOf('one', 'two', 'three');
  const { frames } = readFrames(bytes, headerOf(bytes));
  const committed = headerOf(segmentOf('one', 'two')).committedBytes;
  bytes.writeUInt32LE(committed, 8);
  assert.equal(frames.length, 3);
  assert.deepEqual(textsOf(bytes), ['one', 'two']);
});

test('a changed bit anywhere in a frame is noticed, and the other frames are still read', () => {
  const pristine = segmentOf('first', 'second', 'third');
  const [, second] = readFrames(pristine, headerOf(pristine)).frames;
  assert.ok(second);
  for (let at = second.start - 8; at < second.end; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = Buffer.from(pristine);
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      assert.equal(readFrames(bytes, headerOf(bytes)).intact, false, `byte ${at} bit ${bit}`);
      assert.deepEqual(textsOf(bytes), ['first', 'third']);
    }
  }
});

test('behind a length that cannot be, nothing is read, and the damage is told', () => {
  const bytes = segmentOf('first', 'second');
  const [, second] = readFrames(bytes, headerOf(bytes)).frames;
  assert.ok(second);
  bytes.writeUInt32LE(0xffffffff, second.start - 12);
  const { frames, intact } = readFrames(bytes, headerOf(bytes));
  assert.equal(frames.length, 1);
  assert.equal(intact, false);
});

test('a page of zeros, as a crash of the machine leaves it, holds no frame', () => {
  const bytes = segmentOf('first', 'second');
  bytes.fill(0, segmentHeaderBytes);
  const { frames, intact } = readFrames(bytes, headerOf(bytes));
  assert.deepEqual(frames, []);
  assert.equal(intact, false);
});

test('a file of another version, another kind or another length has no header', () => {
  const bytes = segmentOf('one');
  const older = Buffer.from(bytes);
  older.writeUInt32LE(0, 4);
  assert.equal(readSegmentHeader(older), undefined);
  const other = Buffer.from(bytes);
  other.write('PNG');
  assert.equal(readSegmentHeader(other), undefined);
  assert.equal(readSegmentHeader(bytes.subarray(0, 70)), undefined);
  assert.equal(readSegmentHeader(bytes.subarray(0, 10)), undefined);
});

test('a sealed segment still tells what it holds, though its memory is gone', () => {
  const segment = createSegment(mapFile(join(folder, 'told'), 4096));
  assert.ok(segment.append(1, packFields(['one'])));
  assert.ok(segment.append(1, packFields(['two'])));
  const { frameCount, committedBytes } = segment;
  segment.seal();
  segment.file.unmap();
  assert.deepEqual([segment.frameCount, segment.committedBytes], [2, committedBytes]);
  assert.equal(frameCount, 2);
});
