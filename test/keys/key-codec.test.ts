import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRecord } from '../../src/domain/records.ts';
import { decodeKeyRecord, encodeKeyRecord } from '../../src/keys/key-codec.ts';
import { parseKeyTraits } from '../../src/keys/traits.ts';
import { createRandom } from '../support/random.ts';
import { limitOf, plainRecord } from '../verify/small-world.ts';
import { randomRecord } from './random-record.ts';

const readTraits = (record: string, length: number) => parseKeyTraits(record.slice(0, length));
const wholeOf = (bytes: Buffer) => ({ bytes, valueStart: 0, valueEnd: bytes.length });

/** One that nothing shares memory with, as LMDB's is overwritten. */
function roundTrip(record: KeyRecord): KeyRecord {
  const bytes = encodeKeyRecord(record);
  const { key } = decodeKeyRecord(wholeOf(bytes), readTraits);
  bytes.fill(0xff);
  return key;
}

test('what is encoded is what is decoded', () => {
  assert.deepEqual(roundTrip(plainRecord), plainRecord);
  const random = createRandom(17);
  for (let round = 0; round < 2000; round += 1) {
    const record = randomRecord(random);
    assert.deepEqual(roundTrip(record), record);
  }
});

test('a key may have more permissions, limits and meta than anybody asks for', () => {
  const record = {
    ...plainRecord,
    permissionIds: Array.from({ length: 20_000 }, (_, number) => `perm_${number}`),
    roleIds: Array.from({ length: 10_000 }, (_, number) => `role_${number}`),
    limits: Array.from({ length: 1000 }, (_, number) => limitOf(`limit_${number}`)),
    metaJson: JSON.stringify({ text: 'ü'.repeat(2 ** 20) }),
  };
  assert.deepEqual(roundTrip(record), record);
});

test('bytes of another format are a fault, not a key', () => {
  const bytes = encodeKeyRecord(plainRecord);
  bytes[0] = 1;
  assert.throws(() => decodeKeyRecord(wholeOf(bytes), readTraits), { name: 'AssertionFault' });
});
