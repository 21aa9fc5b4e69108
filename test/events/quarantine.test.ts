import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { quarantineRows } from '../../src/events/quarantine.ts';
import { temporaryFolder } from './river.ts';

const temporary = temporaryFolder();
after(() => temporary.remove());

const row = { number: 0, fields: ['req_1', 'x'.repeat(100)], reason: 'bad' };
const place = (batchId: string) => ({
  ...{ batchId, table: 'requests' },
  piece: { kind: 1, target: '' },
});

test('what finds no room is told as not kept; what was kept before is written again', () => {
  for (const limits of [
    { bytesMax: 400, filesMax: 100 },
    { bytesMax: 10_000, filesMax: 2 },
  ]) {
    const folder = join(temporary.path, String(limits.filesMax));
    const keep = (batchId: string) => quarantineRows(folder, place(batchId), [row], limits);
    assert.deepEqual([keep('a'), keep('b'), keep('c'), keep('a')], [0, 0, 1, 0]);
    assert.deepEqual(readdirSync(folder).sort(), [
      'a-verification-0.jsonl',
      'b-verification-0.jsonl',
    ]);
  }
});

test('no rows make no file', () => {
  assert.equal(quarantineRows(join(temporary.path, 'none'), place('a'), []), 0);
});
