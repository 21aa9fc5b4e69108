import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { WindowTable } from '../../src/limits/window-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-windows-'));
after(() => rmSync(folder, { recursive: true }));
const nowMs = 1_800_000_000_000;

function withTable<Result>(path: string, act: (table: WindowTable) => Result): Result {
  const table = new WindowTable(path, () => nowMs);
  try {
    return act(table);
  } finally {
    table.close();
  }
}

function limit(item: number, cost: number) {
  const identifier = `key_${item}`;
  return { workspaceId: 'ws', scope: 's', identifier, durationMs: 60_000, limit: 1e9, cost };
}

function count(path: string, items: number): void {
  withTable(path, (table) => {
    for (let item = 0; item < items; item += 1) table.take(limit(item, item + 1), nowMs);
  });
}

function assertCounts(path: string, items: number): void {
  withTable(path, (table) => {
    assert.equal(table.occupancy(nowMs).usedCount, items);
    for (let item = 0; item < items; item += 1) {
      assert.equal(table.take(limit(item, 0), nowMs).remaining, 1e9 - item - 1);
    }
  });
}

test('counts outlive a restart, with the same size, a larger and a smaller one', () => {
  const path = join(folder, 'resized');
  assert.equal(prepareWindowTable(path, 1000, nowMs), 1001);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  count(path, 300);
  for (const slotCount of [1000, 20_000, 700]) {
    const got = prepareWindowTable(path, slotCount, nowMs);
    assert.ok(got >= slotCount && got < slotCount + 7);
    assertCounts(path, 300);
  }
});

test('a size that the counters do not fit into is put off until they have ended', () => {
  const path = join(folder, 'kept');
  prepareWindowTable(path, 1001, nowMs);
  count(path, 500);
  assert.equal(prepareWindowTable(path, 350, nowMs), 1001);
  assertCounts(path, 500);
  assert.equal(prepareWindowTable(path, 350, nowMs + 120_000), 350);
  assert.equal(
    withTable(path, (table) => table.occupancy(nowMs).usedCount),
    0,
  );
});

test('nothing half-made is left behind', () => {
  assert.ok(readdirSync(folder).every((name) => !name.includes('.new')));
});
