import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { type CreditAsks, createCreditAsks } from '../../src/processes/credit-asks.ts';
import type { FromWorker } from '../../src/processes/messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-asks-'));
const path = join(folder, 'credits');
prepareCreditTable(path, 100);
const table = new CreditTable(path);
after(() => {
  table.close();
  rmSync(folder, { recursive: true });
});

let sent: FromWorker[];
let asks: CreditAsks;
beforeEach(() => {
  sent = [];
  asks = createCreditAsks(table, (message) => sent.push(message));
});

test('a spend tells what is left in all: leased here, and leased to nobody', () => {
  const mark = table.reserve('key_1') as number;
  table.grant('key_1', { amount: 10, mark, unleased: 90 });
  assert.equal(asks.spend('key_1', 3).left, 97);
  assert.equal(asks.spend('key_2', 3).outcome, 'no-lease');
});

test('each answer goes to the call that asked for it', async () => {
  const answers = [asks.spendLeased('key_1', 1), asks.spendLeased('key_2', 2)];
  assert.deepEqual(sent, [
    { kind: 'ask-credits', askId: 1, keyId: 'key_1', cost: 1 },
    { kind: 'ask-credits', askId: 2, keyId: 'key_2', cost: 2 },
  ]);
  asks.resolve(2, { outcome: 'insufficient', left: 1 });
  asks.resolve(1, { outcome: 'unlimited' });
  assert.deepEqual(await Promise.all(answers), ['unlimited', { outcome: 'insufficient', left: 1 }]);
});

test('a primary that does not answer, or cannot, leaves the call without an answer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answers = [asks.spendLeased('key_1', 1), asks.spendLeased('key_1', 1)];
  asks.resolve(1, { outcome: 'unavailable' });
  t.mock.timers.tick(2000);
  assert.deepEqual(await Promise.all(answers), [undefined, undefined]);
  asks.resolve(2, { outcome: 'spent', left: 1 });
});

test('settling resolves with its answer', async () => {
  const settled = asks.settle(['key_1', 'key_2']);
  assert.deepEqual(sent, [{ kind: 'settle-credits', askId: 1, keyIds: ['key_1', 'key_2'] }]);
  asks.resolve(1, undefined);
  await settled;
});
