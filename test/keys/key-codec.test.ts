import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRecord } from '../../src/domain/records.ts';
import { decodeKeyRecord, encodeKeyRecord } from '../../src/keys/key-codec.ts';
import { parseKeyTraits } from '../../src/keys/traits.ts';
import { createRandom } from '../support/random.ts';
import { limitOf, plainRecord } from '../verify/small-world.ts';

const readTraits = (record: string, length: number) => parseKeyTraits(record.slice(0, length));
const wholeOf = (bytes: Buffer) => ({ bytes, valueStart: 0, valueEnd: bytes.length });

/** One that nothing shares memory with, as LMDB's is overwritten. */
function roundTrip(record: KeyRecord): KeyRecord {
  const bytes = encodeKeyRecord(record);
  const { key } = decodeKeyRecord(wholeOf(bytes), readTraits);
  bytes.fill(0xff);
  return key;
}

function randomRecord(random: () => number): KeyRecord {
  const below = (bound: number) => Math.floor(random() * bound);
  const units = ['a', 'B', '_', ' ', '"', '\u007f', '\u0080', 'é', '\uffff', '😀'];
  const text = (lengthMax: number) =>
    Array.from({ length: below(lengthMax) }, () => units[below(units.length)]).join('');
  const ids = (prefix: string) => Array.from({ length: below(4) }, () => `${prefix}_${below(1e9)}`);
  const number = () => [0, 1, below(2 ** 31), Number.MAX_SAFE_INTEGER][below(4)] as number;
  return {
    keyId: `key_${below(1e9)}`,
    workspaceId: `ws_${below(1e9)}`,
    apiId: `api_${below(1e9)}`,
    identityId: random() < 0.5 ? '' : `id_${below(1e9)}`,
    isEnabled: random() < 0.5,
    expiresAtMs: number(),
    hasCredits: random() < 0.5,
    migrationId: random() < 0.5 ? '' : text(20),
    permissionIds: ids('perm'),
    roleIds: ids('role'),
    limits: Array.from({ length: below(4) }, () =>
      limitOf(text(10), { limit: number(), durationMs: number(), autoApply: random() < 0.5 }),
    ),
    name: text(30),
    metaJson: random() < 0.5 ? '' : JSON.stringify({ text: text(300) }),
  };
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
