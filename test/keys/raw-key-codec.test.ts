import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRecord } from '../../src/domain/records.ts';
import { encodeKeyRecord } from '../../src/keys/key-codec.ts';
import type { RawKey, Span } from '../../src/keys/raw-key.ts';
import { RawKeyEncoder } from '../../src/keys/raw-key-codec.ts';
import { createRandom } from '../support/random.ts';
import { plainRecord } from '../verify/small-world.ts';
import { randomRecord } from './random-record.ts';

/** In the middle of other bytes. */
function spanOf(text: string): Span {
  const bytes = Buffer.from(text);
  return {
    bytes: Buffer.concat([Buffer.of(0xff), bytes, Buffer.of(0xff)]),
    start: 1,
    end: bytes.length + 1,
  };
}

function rawOf(record: KeyRecord): RawKey {
  const { isEnabled, expiresAtMs, hasCredits, limits } = record;
  return {
    ...{ hash: spanOf(''), hashKind: 0, isEnabled, expiresAtMs, hasCredits, traits: record },
    ...{ keyId: spanOf(record.keyId), identityId: spanOf(record.identityId) },
    ...{ migrationId: spanOf(record.migrationId), name: spanOf(record.name) },
    limitIds: spanOf(limits.map(({ limitId }) => limitId).join(',')),
    metaJson: spanOf(record.metaJson),
  };
}

function encoded(encoder: RawKeyEncoder, record: KeyRecord): Buffer {
  const key = rawOf(record);
  const length = encoder.recordBytes(key);
  // What was there before, and what stands behind.
  const bytes = Buffer.alloc(length + 3, 0xee);
  encoder.write(key, bytes, 2);
  assert.deepEqual([bytes[1], bytes[length + 2]], [0xee, 0xee]);
  return bytes.subarray(2, length + 2);
}

test('from bytes a key becomes the same record as from strings', () => {
  const random = createRandom(23);
  const encoder = new RawKeyEncoder();
  assert.deepEqual(encoded(encoder, plainRecord), encodeKeyRecord(plainRecord));
  for (let round = 0; round < 3000; round += 1) {
    const record = randomRecord(random);
    assert.deepEqual(encoded(encoder, record), encodeKeyRecord(record));
  }
});

test('what is longer than a record can say is a fault', () => {
  const record = { ...plainRecord, name: 'x'.repeat(65_536) };
  assert.throws(() => encoded(new RawKeyEncoder(), record), { name: 'AssertionFault' });
});
