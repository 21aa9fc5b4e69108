import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unpack } from 'msgpackr';
import { QuickPacker } from '../../src/events/quick-packer.ts';
import { createRandom } from '../support/random.ts';

const packer = new QuickPacker();

/** undefined for what is left to the library. */
function roundTrip(fields: unknown[]): unknown {
  const byteLength = packer.pack(fields);
  return byteLength === 0 ? undefined : unpack(Buffer.from(packer.words.buffer, 0, byteLength));
}

test('the library reads what was packed, numbers of every size, texts of every length', () => {
  const numbers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
  numbers.push(1_800_057_600_123, Number.MAX_SAFE_INTEGER, -1, -(2 ** 40), 0.5, -0.25, 1e300);
  for (const number of numbers) assert.deepEqual(roundTrip([number]), [number]);
  for (let length = 0; length < 256; length += 1) {
    const text = 'k'.repeat(length);
    assert.deepEqual(roundTrip([text, ['tag', text]]), [text, ['tag', text]]);
  }
});

test('random events come back as they were, or are left to the library', () => {
  const random = createRandom(3);
  const below = (bound: number) => Math.floor(random() * bound);
  const units = ['a', 'Z', '0', '_', ' ', '\u007f', '\u0080', 'é', '漢', '😀', '\0'];
  const text = () => Array.from({ length: below(40) }, () => units[below(units.length)]).join('');
  const word = () => 'req_'.padEnd(below(60), 'x');
  const value = () => [text, word, word, word, () => below(2 ** 40)][below(5)]?.();
  let packedCount = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const fields = [...Array.from({ length: below(16) }, value), Array.from({ length: 2 }, word)];
    const found = roundTrip(fields);
    if (found === undefined) continue;
    assert.deepEqual(found, fields);
    packedCount += 1;
  }
  assert.ok(packedCount > 1000, `${packedCount} were packed`);
});

test('what is not usual is left to the library', () => {
  const unusual = [undefined, null, true, {}, Buffer.of(1), 1n, 'é', 'x'.repeat(256)];
  for (const value of unusual) assert.equal(roundTrip([value]), undefined);
  assert.equal(roundTrip(Array(16).fill(1)), undefined);
  assert.equal(roundTrip(Array(15).fill('x'.repeat(200))), undefined);
  assert.deepEqual(roundTrip([]), []);
});
