import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createReleasers } from '../../src/lib/releasers.ts';
import { createLimitTable, slotsFor } from '../../src/processes/limit-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-limits-'));
after(() => rmSync(folder, { recursive: true }));

test('without a setting there are two slots for each key, within bounds', () => {
  assert.equal(slotsFor(0), 262_144);
  assert.equal(slotsFor(1_000_000), 2_000_000);
  assert.equal(slotsFor(10_000_000), 4_194_304);
});

test('before it is open a table has nothing in it, and then what was asked', async () => {
  const releasers = createReleasers();
  const table = createLimitTable(join(folder, 'windows'), 7000, releasers);
  assert.deepEqual(table.occupancy(0), { slotCount: 0, usedCount: 0, refusedCount: 0 });
  table.open(1_000_000);
  assert.deepEqual(table.occupancy(0), { slotCount: 7000, usedCount: 0, refusedCount: 0 });
  await releasers.releaseAll();
  assert.equal(table.occupancy(0).slotCount, 0);
});
