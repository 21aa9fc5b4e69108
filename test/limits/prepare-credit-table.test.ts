import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-credits-'));
after(() => rmSync(folder, { recursive: true }));

function withTable<Result>(path: string, act: (table: CreditTable) => Result): Result {
  const table = new CreditTable(path);
  try {
    return act(table);
  } finally {
    table.close();
  }
}

function leaseAll(path: string, count: number): void {
  withTable(path, (table) => {
    for (let key = 0; key < count; key += 1) {
      const mark = table.reserve(`key_${key}`) as number;
      table.grant(`key_${key}`, { amount: key, mark, unleased: key + 1 });
    }
  });
}

function assertLeases(path: string, count: number): void {
  withTable(path, (table) => {
    for (let key = 0; key < count; key += 1) {
      assert.deepEqual(table.spend(`key_${key}`, 0), {
        outcome: 'spent',
        left: key,
        unleased: key + 1,
      });
    }
  });
}

test('leases outlive a restart, with the same size, a larger and a smaller one', () => {
  const path = join(folder, 'resized');
  assert.equal(prepareCreditTable(path, 100), 104);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  leaseAll(path, 50);
  for (const slotCount of [100, 4000, 160]) {
    prepareCreditTable(path, slotCount);
    assertLeases(path, 50);
  }
});

test('a size that the leases do not fit into is put off', () => {
  const path = join(folder, 'kept');
  prepareCreditTable(path, 400);
  leaseAll(path, 100);
  assert.equal(prepareCreditTable(path, 80), 400);
  assertLeases(path, 100);
});

test('a table of an earlier boot of the machine is not believed: its leases are lost', () => {
  const path = join(folder, 'rebooted');
  prepareCreditTable(path, 100, 1n);
  const mark = withTable(path, (table) => table.reserve('key_1') as number);
  withTable(path, (table) => table.grant('key_1', { amount: 9, mark }));
  prepareCreditTable(path, 100, 1n);
  withTable(path, (table) => assert.equal(table.spend('key_1', 0).left, 9));
  prepareCreditTable(path, 100, 2n);
  withTable(path, (table) => {
    assert.equal(table.spend('key_1', 1).outcome, 'no-lease');
    assert.equal(table.grant('key_1', { amount: 9, mark }), 'lost');
  });
});
