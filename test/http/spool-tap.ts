import assert from 'node:assert/strict';
import { unpackFields } from '../../src/events/event-codec.ts';
import { readFrames, segmentHeaderBytes } from '../../src/events/segment.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';

/** In the header of a segment. */
const committedWord = 2;
const frameCountWord = 3;

/** Reads what is spooled out of the segments that are being written, whoever writes. */
export class SpoolTap {
  #words: Uint32Array | undefined;
  #readBytes = 0;
  #readCount = 0;
  #events: unknown[][] = [];

  /** The segment that is written from now on; undefined before the one before is given up. */
  follow(words: Uint32Array | undefined): void {
    this.#drain();
    this.#words = words;
    this.#readBytes = segmentHeaderBytes;
    this.#readCount = 0;
  }

  /** Since the last call. */
  takeEvents(): unknown[][] {
    this.#drain();
    return this.#events.splice(0);
  }

  /** Tells by how much there is whether anything was added. */
  header(): Uint32Array {
    return this.#words?.slice(0, segmentHeaderBytes / 4) ?? new Uint32Array();
  }

  #drain(): void {
    if (!this.#words) return;
    const committedBytes = this.#words[committedWord] as number;
    const fresh = new Uint8Array(this.#words.buffer).subarray(this.#readBytes, committedBytes);
    const bytes = Buffer.alloc(segmentHeaderBytes + fresh.length);
    bytes.set(fresh, segmentHeaderBytes);
    const header = { committedBytes: bytes.length, frameCount: 0, isClosed: false, openedAtMs: 0 };
    const { frames, intact } = readFrames(bytes, header);
    assert.ok(intact, 'what was spooled has a wrong checksum');
    for (const { kind, start, end } of frames) {
      assert.equal(kind, verificationKind.wireNumber);
      this.#events.push(unpackFields(bytes, start, end));
    }
    this.#readBytes = committedBytes;
    this.#readCount += frames.length;
    assert.equal(this.#words[frameCountWord], this.#readCount);
  }
}
