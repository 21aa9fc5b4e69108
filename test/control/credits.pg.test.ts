import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addToRemaining,
  clearCredits,
  copyCredits,
  readCredits,
  setRemaining,
} from '../../src/control/credits.ts';
import { openCreditWorld, startCreditNode } from '../processes/credit-node.ts';
import { waitFor } from '../support/wait-for.ts';

const world = await openCreditWorld();
const one = startCreditNode(world.url, world.folder, 'node_one');
const two = startCreditNode(world.url, world.folder, 'node_two');
after(async () => {
  await one.stop();
  await two.stop();
  await world.close();
});

/** A key that had so many credits and 20 calls of cost 1, with a lease on the first node. */
async function leasedKey(credits: number): Promise<string> {
  const keyId = await world.addKey(credits);
  for (let call = 0; call < 20; call += 1) await one.spend(keyId, 1);
  assert.equal(await world.leasesOf(keyId), 1);
  return keyId;
}

const set = (keyId: string, credits: number) =>
  world.database.begin((transaction) => setRemaining(transaction, keyId, credits));
const add = (keyId: string, difference: number) =>
  world.database.begin((transaction) => addToRemaining(transaction, keyId, difference));

async function remaining(keyId: string): Promise<number | null | undefined> {
  return (await readCredits(world.database, [keyId])).get(keyId)?.remaining;
}

test('a key that is set has exactly that on this node, whatever was leased before', async () => {
  const keyId = await leasedKey(1000);
  await set(keyId, 7);
  await one.bank.awaitChecked();
  assert.equal(one.table.spend(keyId, 1).outcome, 'no-lease');
  assert.equal(await one.spendAtOnce(keyId, 1, 10), 7);
  await one.bank.settle([keyId]);
  assert.equal(await remaining(keyId), 0);
});

test('other nodes forget their leases of a key that is set, without being asked', async () => {
  const keyId = await leasedKey(1000);
  await set(keyId, 7);
  await waitFor('the lease is gone', () => one.table.spend(keyId, 0).outcome === 'no-lease', 1000);
  assert.equal(await two.spendAtOnce(keyId, 1, 10), 7);
});

test('nothing of an ended lease is spent beside the lease that follows it', async () => {
  for (let run = 0; run < 20; run += 1) {
    const keyId = await leasedKey(1000);
    await set(keyId, 50);
    // Not waited for: the node finds out by its own next lease, or by the notification.
    const spentOfOld = await one.spendAtOnce(keyId, 1, 5);
    await one.bank.awaitChecked();
    await one.bank.settle([keyId]);
    const left = (await remaining(keyId)) ?? 0;
    assert.ok(left >= 50 - spentOfOld && left <= 50, `run ${run}: ${left}`);
    assert.equal(await one.spendAtOnce(keyId, 1, 60), left);
  }
});

test('a key that is set again and again is spent to the last credit, and not beyond', async () => {
  const keyId = await world.addKey(0);
  let isOver = false;
  let spentCount = 0;
  const spenders = [one, two].map(async (node) => {
    while (!isOver) {
      if ((await node.spend(keyId, 1)) === 'spent') spentCount += 1;
      else await sleep(1);
    }
  });
  for (let round = 0; round < 10; round += 1) {
    await set(keyId, 100);
    await waitFor('all is spent', async () => (await remaining(keyId)) === 0);
  }
  isOver = true;
  await Promise.all(spenders);
  assert.equal(spentCount, 1000);
});

test('what is added or taken while some is leased is exact once the lease is back', async () => {
  const keyId = await leasedKey(1000);
  await add(keyId, 500);
  await add(keyId, -300);
  await one.bank.settle([keyId]);
  assert.equal(await remaining(keyId), 980 + 500 - 300);
});

test('taking more than there is leaves nothing, also of what is leased', async () => {
  const keyId = await leasedKey(1000);
  const leased = one.table.spend(keyId, 0).left;
  assert.ok(leased > 0);
  await add(keyId, -5000);
  await one.bank.settle([keyId]);
  assert.equal(await remaining(keyId), 0);
  assert.equal(await world.unleased(keyId), 0);
  await add(keyId, 3);
  assert.equal(await one.spendAtOnce(keyId, 1, 5), 3);
});

test('what is added is there for a key that was just found empty', async () => {
  const keyId = await world.addKey(1);
  assert.equal(await one.spendAtOnce(keyId, 1, 3), 1);
  await add(keyId, 2);
  await one.bank.awaitChecked();
  assert.equal(await one.spendAtOnce(keyId, 1, 3), 2);
});

test('a key that becomes unlimited is unlimited at once, and its leases are gone', async () => {
  const keyId = await leasedKey(1000);
  await world.database.begin((transaction) => clearCredits(transaction, keyId));
  await one.bank.awaitChecked();
  assert.equal(await one.spend(keyId, 1), 'unlimited');
  assert.equal(await remaining(keyId), undefined);
  assert.equal(await add(keyId, 1), false);
});

test('what is told as remaining counts what is leased as left', async () => {
  const keyId = await leasedKey(1000);
  assert.ok((await remaining(keyId)) ?? 0 >= 980);
  await one.bank.settle([keyId]);
  assert.equal(await remaining(keyId), 980);
  const copy = await world.addKey(0);
  await world.database`delete from latchkey.key_credits where key_id = ${copy}`;
  await world.database.begin((transaction) => copyCredits(transaction, { from: keyId, to: copy }));
  assert.equal(await remaining(copy), 980);
});
