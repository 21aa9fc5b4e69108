import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Leased } from '../../src/control/credit-leases.ts';
import type { CreditAnswer } from '../../src/domain/credit-answer.ts';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { CreditAccounts } from '../../src/processes/credit-accounts.ts';
import type { LeasePlan } from '../../src/processes/lease-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-accounts-'));
after(() => rmSync(folder, { recursive: true }));
let tableNumber = 0;

function newAccounts() {
  tableNumber += 1;
  const path = join(folder, `credits-${tableNumber}`);
  prepareCreditTable(path, 100);
  const table = new CreditTable(path);
  after(() => table.close());
  const accounts = new CreditAccounts(table);
  const answers: CreditAnswer[] = [];

  /** The answer of the call with this number, counted from 0, will stand in its place. */
  function call(cost: number, deadlineMs = 1e9): void {
    const place = answers.length;
    answers.push({ outcome: 'unavailable' });
    const resolve = (answer: CreditAnswer) => {
      answers[place] = answer;
    };
    accounts.addCall('key_1', { cost, deadlineMs, isAnswered: false, resolve });
  }

  function plan(nowMs: number): LeasePlan {
    const [found, ...others] = accounts.plans(10, nowMs);
    assert.ok(found);
    assert.equal(others.length, 0);
    return found;
  }

  return { table, accounts, answers, call, plan };
}

function found(part: Partial<Leased>): Leased {
  const nothing = { spent: 0, leased: 0, unleased: 0, isElsewhere: false };
  return { keyId: 'key_1', state: 'open', ...nothing, ...part };
}

test('the cheapest calls are served first, each told what was left after it', () => {
  const { accounts, answers, call, plan } = newAccounts();
  for (const cost of [10, 1, 5]) call(cost);
  const first = plan(0);
  assert.deepEqual(first.ask.needs, [1, 6, 16]);
  assert.equal(first.ask.extra, 0);
  accounts.apply(first, found({ spent: 6, unleased: 3 }), 0);
  assert.deepEqual(answers, [
    { outcome: 'insufficient', left: 3 },
    { outcome: 'spent', left: 8 },
    { outcome: 'spent', left: 3 },
  ]);
  assert.equal(accounts.plans(10, 1).length, 0);
});

test('a lease is granted to the table, which then answers', () => {
  const { table, accounts, answers, call, plan } = newAccounts();
  call(1);
  accounts.apply(plan(0), found({ spent: 1, unleased: 99 }), 0);
  call(1);
  const second = plan(10);
  assert.equal(second.ask.extra, 2);
  accounts.apply(second, found({ spent: 1, leased: 2, unleased: 96 }), 10);
  assert.deepEqual(answers.at(-1), { outcome: 'spent', left: 98 });
  call(2);
  assert.deepEqual(accounts.plans(10, 11), []);
  assert.deepEqual(answers.at(-1), { outcome: 'spent', left: 96 });
  assert.equal(table.spend('key_1', 0).left, 0);
});

test('what falls short here is given back, then called back, and only then refused', () => {
  const { table, accounts, answers, call, plan } = newAccounts();
  accounts.reconcile([]);
  const mark = table.reserve('key_1') as number;
  accounts.reconcile([{ keyId: 'key_1', amount: 4, mark }]);
  call(9);
  assert.equal(accounts.apply(plan(0), found({ unleased: 2, isElsewhere: true }), 0), false);
  assert.deepEqual(accounts.returns(10, 0), [{ keyId: 'key_1', left: 4 }]);
  assert.equal(accounts.plans(10, 0).length, 0);
  accounts.finishReturns([{ keyId: 'key_1', left: 4 }], new Set(['key_1']), 1);
  assert.equal(accounts.apply(plan(1), found({ unleased: 6, isElsewhere: true }), 1), true);
  assert.equal(accounts.plans(10, 2).length, 0);
  const again = plan(accounts.nextDueAtMs());
  assert.equal(again.ask.extra, 0);
  accounts.apply(again, found({ unleased: 7, isElsewhere: false }), 10);
  assert.deepEqual(answers, [{ outcome: 'insufficient', left: 7 }]);
});

test('other nodes are not waited for longer than half a second', () => {
  const { accounts, answers, call, plan } = newAccounts();
  call(9);
  let nowMs = 0;
  while (accounts.apply(plan(nowMs), found({ isElsewhere: true }), nowMs)) {
    nowMs = accounts.nextDueAtMs();
  }
  assert.ok(nowMs >= 500 && nowMs < 600);
  assert.equal(answers[0]?.outcome, 'insufficient');
});

test('what was just found out answers the same question again, until it is forgotten', () => {
  const { accounts, call, plan } = newAccounts();
  call(9);
  accounts.apply(plan(0), found({ unleased: 5 }), 0);
  assert.deepEqual(accounts.known('key_1', 9, 100), { outcome: 'insufficient', left: 5 });
  assert.deepEqual(accounts.known('key_1', 0, 100), { outcome: 'spent', left: 5 });
  assert.equal(accounts.known('key_1', 5, 100), undefined);
  assert.equal(accounts.known('key_1', 9, 1000), undefined);
  accounts.forgetKnown();
  assert.equal(accounts.known('key_1', 9, 100), undefined);
});

test('a lease that was revoked is not spent of, and what follows starts from nothing', () => {
  const { table, accounts, call, plan } = newAccounts();
  const mark = table.reserve('key_1') as number;
  accounts.reconcile([{ keyId: 'key_1', amount: 4, mark }]);
  assert.equal(table.spend('key_1', 1).left, 3);
  call(9);
  assert.equal(plan(0).ask.isLeased, true);
  accounts.apply(plan(0), found({ state: 'revoked' }), 0);
  assert.equal(table.spend('key_1', 1).outcome, 'no-lease');
  assert.deepEqual([plan(1).ask.isLeased, plan(1).ask.outstanding], [false, 0]);
  accounts.reconcile([]);
  assert.equal(accounts.openCount, 0);
});

test('a lease that is called back while it is being renewed loses nothing', () => {
  const { table, accounts, call, plan } = newAccounts();
  const mark = table.reserve('key_1') as number;
  accounts.reconcile([{ keyId: 'key_1', amount: 4, mark }]);
  call(9);
  accounts.apply(plan(0), found({ spent: 9, unleased: 90 }), 0);
  call(9);
  const renewal = plan(10);
  accounts.recall(['key_1']);
  assert.equal(accounts.isReturning(['key_1']), true);
  accounts.apply(renewal, found({ spent: 9, leased: renewal.ask.extra, unleased: 50 }), 10);
  assert.ok(renewal.ask.extra > 0);
  accounts.closeRecalled();
  assert.deepEqual(accounts.returns(10, 10), [{ keyId: 'key_1', left: 4 + renewal.ask.extra }]);
});

test('a call that waited too long is told so, and not again when its answer comes', () => {
  const { accounts, answers, call, plan } = newAccounts();
  call(1, 1000);
  const late = plan(0);
  accounts.expireCalls(1000);
  assert.deepEqual(answers, [{ outcome: 'unavailable' }]);
  assert.deepEqual(accounts.plans(10, 1000), []);
  accounts.apply(late, found({ spent: 1, unleased: 9 }), 1001);
  assert.deepEqual(answers, [{ outcome: 'unavailable' }]);
});

test('an idle lease is closed after a second, a busy one is renewed when half is gone', () => {
  const { table, accounts, call, plan } = newAccounts();
  call(1);
  accounts.apply(plan(0), found({ spent: 1, unleased: 999 }), 0);
  call(50);
  accounts.apply(plan(100), found({ spent: 50, leased: 100, unleased: 849 }), 100);
  accounts.sweep(200);
  table.spend('key_1', 60);
  accounts.sweep(300);
  const renewal = plan(300);
  assert.deepEqual(renewal.ask.needs, []);
  assert.ok(renewal.ask.extra > 0);
  accounts.apply(renewal, found({ leased: renewal.ask.extra, unleased: 700 }), 300);
  accounts.sweep(400);
  accounts.sweep(1399);
  assert.equal(accounts.returns(10, 1399).length, 0);
  accounts.sweep(1400);
  accounts.closeRecalled();
  assert.equal(accounts.returns(10, 1400).length, 1);
});

test('with a full table a call is paid all the same, and the missing lease is counted', () => {
  const { table, accounts, answers, call, plan } = newAccounts();
  for (let key = 0; key < 2000; key += 1) table.reserve(`filler_${key}`);
  call(1);
  accounts.apply(plan(0), found({ spent: 1, unleased: 99 }), 0);
  call(1);
  const second = plan(10);
  assert.equal(second.ask.extra, 0);
  assert.equal(accounts.tableFullCount, 1);
  accounts.apply(second, found({ spent: 1, unleased: 98 }), 10);
  assert.deepEqual(answers.at(-1), { outcome: 'spent', left: 98 });
});
