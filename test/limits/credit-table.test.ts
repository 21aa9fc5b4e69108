import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-credits-'));
after(() => rmSync(folder, { recursive: true }));
let tableNumber = 0;

function newTable(slotCount = 160): CreditTable {
  tableNumber += 1;
  const path = join(folder, `credits-${tableNumber}`);
  prepareCreditTable(path, slotCount);
  const table = new CreditTable(path);
  after(() => table.close());
  return table;
}

function lease(table: CreditTable, keyId: string, amount: number): number {
  const mark = table.reserve(keyId) as number;
  assert.equal(table.grant(keyId, { amount, mark }), 'granted');
  return mark;
}

test('a key without a lease has nothing to spend', () => {
  const table = newTable();
  assert.deepEqual(table.spend('key_1', 1), { outcome: 'no-lease', left: 0, unleased: 0 });
  table.reserve('key_1');
  assert.deepEqual(table.spend('key_1', 0), { outcome: 'no-lease', left: 0, unleased: 0 });
});

test('a lease is spent to the last credit and not beyond; cost 0 passes even then', () => {
  const table = newTable();
  lease(table, 'key_1', 10);
  assert.deepEqual(table.spend('key_1', 7), { outcome: 'spent', left: 3, unleased: 0 });
  assert.deepEqual(table.spend('key_1', 4), { outcome: 'insufficient', left: 3, unleased: 0 });
  assert.deepEqual(table.spend('key_1', 3), { outcome: 'spent', left: 0, unleased: 0 });
  assert.deepEqual(table.spend('key_1', 0), { outcome: 'spent', left: 0, unleased: 0 });
  assert.deepEqual(table.spend('key_1', 1), { outcome: 'insufficient', left: 0, unleased: 0 });
  assert.deepEqual(table.spend('key_2', 1), { outcome: 'no-lease', left: 0, unleased: 0 });
});

test('a grant adds to an open lease, and a repeated grant changes nothing', () => {
  const table = newTable();
  const first = lease(table, 'key_1', 10);
  assert.equal(table.grant('key_1', { amount: 10, mark: first }), 'repeated');
  table.spend('key_1', 4);
  const second = lease(table, 'key_1', 5);
  assert.equal(table.grant('key_1', { amount: 5, mark: second }), 'repeated');
  assert.equal(table.spend('key_1', 0).left, 11);
  assert.equal(table.grant('key_1', { amount: 10, mark: first }), 'lost');
});

test('a spend tells what was leased to nobody when its lease was granted, or seen since', () => {
  const table = newTable();
  const mark = table.reserve('key_1') as number;
  table.grant('key_1', { amount: 10, mark, unleased: 90 });
  assert.deepEqual(table.spend('key_1', 4), { outcome: 'spent', left: 6, unleased: 90 });
  table.noteUnleased('key_1', 70);
  assert.deepEqual(table.spend('key_1', 7), { outcome: 'insufficient', left: 6, unleased: 70 });
  const next = table.reserve('key_1') as number;
  table.grant('key_1', { amount: 20, mark: next, unleased: 50 });
  assert.deepEqual(table.spend('key_1', 0), { outcome: 'spent', left: 26, unleased: 50 });
});

test('credits up to 2^53 - 1 are exact', () => {
  const table = newTable();
  lease(table, 'key_1', 2 ** 53 - 1);
  assert.equal(table.spend('key_1', 1e12).left, 2 ** 53 - 1 - 1e12);
  assert.equal(table.takeBack('key_1'), 2 ** 53 - 1 - 1e12);
});

test('what is taken back can no longer be spent, and is told again until it is forgotten', () => {
  const table = newTable();
  const mark = lease(table, 'key_1', 10);
  table.spend('key_1', 4);
  assert.equal(table.takeBack('key_1'), 6);
  assert.deepEqual(table.spend('key_1', 1), { outcome: 'no-lease', left: 0, unleased: 0 });
  assert.equal(table.takeBack('key_1'), 6);
  assert.equal(table.grant('key_1', { amount: 10, mark }), 'closed');
  table.forget('key_1');
  assert.equal(table.takeBack('key_1'), 0);
  assert.equal(table.countUsed(), 0);
  assert.equal(table.grant('key_1', { amount: 10, mark }), 'lost');
});

test('a lease that was closed can be granted anew, without what it had left', () => {
  const table = newTable();
  lease(table, 'key_1', 10);
  table.takeBack('key_1');
  lease(table, 'key_1', 3);
  assert.equal(table.spend('key_1', 0).left, 3);
});

test('an open lease cannot be forgotten by mistake', () => {
  const table = newTable();
  lease(table, 'key_1', 10);
  assert.throws(() => table.forget('key_1'), { name: 'AssertionFault' });
});

test('a thousand leases in a slot keep to their marks', () => {
  const table = newTable();
  for (let round = 1; round <= 1500; round += 1) {
    lease(table, 'key_1', round);
    if (round % 2) lease(table, 'key_1', 1);
    assert.equal(table.takeBack('key_1'), round + (round % 2));
  }
});

test('at a start, the slots of keys without a lease are freed, whatever state they are in', () => {
  const table = newTable();
  lease(table, 'kept', 5);
  lease(table, 'open', 5);
  lease(table, 'closed', 5);
  table.takeBack('closed');
  table.reserve('reserved');
  table.forgetOthers(['kept', 'unknown']);
  assert.equal(table.countUsed(), 1);
  assert.equal(table.spend('kept', 0).left, 5);
  assert.equal(table.spend('open', 1).outcome, 'no-lease');
  lease(table, 'open', 2);
  assert.equal(table.takeBack('open'), 2);
});

test('when its buckets are full, a key gets no slot; when one is forgotten, it does', () => {
  const table = newTable(16);
  for (let key = 0; key < 16; key += 1) table.reserve(`key_${key}`);
  assert.ok(table.countUsed() >= 8);
  const full = Array.from({ length: 200 }, (_, key) => `more_${key}`).find(
    (keyId) => table.reserve(keyId) === undefined,
  );
  assert.ok(full);
  assert.equal(table.grant(full, { amount: 1, mark: 1 }), 'lost');
  table.forgetOthers([]);
  lease(table, full, 1);
});
