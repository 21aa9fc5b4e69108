import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreditTable } from '../../src/limits/credit-table.ts';
import { Hammers } from './hammers.ts';

async function startHammers(count: number): Promise<[Hammers, CreditTable]> {
  const hammers = new Hammers(0);
  const table = new CreditTable(hammers.paths.credits);
  after(async () => {
    table.close();
    await hammers.end();
  });
  for (let number = 0; number < count; number += 1) await hammers.start(number);
  return [hammers, table];
}

function grant(table: CreditTable, keyId: string, amount: number): void {
  const mark = table.reserve(keyId) as number;
  assert.equal(table.grant(keyId, { amount, mark }), 'granted');
}

test('four processes spend exactly what a lease holds, in 100 of 100 runs', async () => {
  const [hammers, table] = await startHammers(4);
  for (let run = 0; run < 100; run += 1) {
    const keyId = `key_${run}`;
    grant(table, keyId, 2503);
    const order = { kind: 'spend', choices: [{ keyId, cost: 5 }], turns: 300 } as const;
    const tallies = await hammers.race(Array(4).fill(order));
    assert.equal(
      tallies.flat().reduce((sum, one) => sum + one),
      500,
      `run ${run}`,
    );
    assert.equal(table.takeBack(keyId), 3);
    table.forget(keyId);
  }
});

test('grants and give-backs among spenders that are killed create and lose no credit', async () => {
  const victimCount = 6;
  const [hammers, table] = await startHammers(victimCount);
  const order = { kind: 'spend', choices: [{ keyId: 'key', cost: 1 }], turns: 1e9 } as const;
  let grantedCount = 0;
  let returnedCount = 0;
  let victim = 0;
  const feed = () => {
    grant(table, 'key', 1000);
    grantedCount += 1000;
  };
  hammers.release(0, order);
  hammers.release(1, order);
  for (let round = 0; round < 300; round += 1) {
    feed();
    if (round % 3 === 0) {
      returnedCount += table.takeBack('key');
      table.forget('key');
    }
    if (round % 50 < 49) continue;
    await hammers.waitForProgressOf(victim, feed);
    await sleep(Math.random() * 5);
    await hammers.kill(victim);
    victim += 1;
    if (victim + 1 < victimCount) hammers.release(victim + 1, order);
  }
  assert.equal(victim, victimCount);
  returnedCount += table.takeBack('key');
  const unanswered = grantedCount - returnedCount - hammers.admitted(0, 0);
  assert.ok(unanswered >= 0 && unanswered <= victimCount, `${unanswered} without an answer`);
});
