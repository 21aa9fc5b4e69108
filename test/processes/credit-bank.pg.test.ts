import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../support/wait-for.ts';
import { openCreditWorld, startCreditNode } from './credit-node.ts';

const world = await openCreditWorld();
const one = startCreditNode(world.url, world.folder, 'node_one');
const two = startCreditNode(world.url, world.folder, 'node_two');

after(async () => {
  await one.stop();
  await two.stop();
  await world.close();
});

test('of ten calls at once over two nodes exactly five of cost 5 get of 25 credits', async () => {
  for (let run = 0; run < 100; run += 1) {
    const keyId = await world.addKey(25);
    const counts = await Promise.all([one.spendAtOnce(keyId, 5, 5), two.spendAtOnce(keyId, 5, 5)]);
    assert.equal(counts[0] + counts[1], 5, `run ${run}`);
    await Promise.all([one.bank.settle([keyId]), two.bank.settle([keyId])]);
    assert.equal(await world.unleased(keyId), 0);
  }
});

test('a key that is asked for now and then is paid call by call, without a lease', async () => {
  const keyId = await world.addKey(100);
  assert.deepEqual(await one.bank.ask(keyId, 7), { outcome: 'spent', left: 93 });
  assert.equal(await world.unleased(keyId), 93);
  assert.equal(await world.leasesOf(keyId), 0);
});

test('a busy key is leased; each call is told what is left in all', async () => {
  const keyId = await world.addKey(1_000_000);
  let left = 1_000_000;
  let leasedCount = 0;
  for (let call = 0; call < 500; call += 1) {
    const spent = one.table.spend(keyId, 1);
    left -= 1;
    if (spent.outcome === 'spent') {
      leasedCount += 1;
      assert.equal(spent.left + spent.unleased, left);
    } else {
      assert.deepEqual(await one.bank.ask(keyId, 1), { outcome: 'spent', left });
    }
  }
  assert.ok(leasedCount > 450, `${leasedCount} of 500 without Postgres`);
  await one.bank.settle([keyId]);
  assert.equal(await world.unleased(keyId), left);
});

test('an idle lease goes back by itself', async () => {
  const keyId = await world.addKey(1000);
  for (let call = 0; call < 20; call += 1) await one.spend(keyId, 1);
  await waitFor('the lease is back', async () => (await world.leasesOf(keyId)) === 0);
  assert.equal(await world.unleased(keyId), 980);
});

test('what another node has leased is called back before a call is refused', async () => {
  const keyId = await world.addKey(100);
  for (let call = 0; call < 20; call += 1) await one.spend(keyId, 1);
  assert.equal(await world.leasesOf(keyId), 1);
  assert.deepEqual(await two.bank.ask(keyId, 80), { outcome: 'spent', left: 0 });
  assert.deepEqual(await one.bank.ask(keyId, 1), { outcome: 'insufficient', left: 0 });
});

test('too high a cost spends nothing; cost 0 passes and tells what is left', async () => {
  const keyId = await world.addKey(5);
  assert.deepEqual(await one.bank.ask(keyId, 6), { outcome: 'insufficient', left: 5 });
  assert.deepEqual(await one.bank.ask(keyId, 0), { outcome: 'spent', left: 5 });
  assert.deepEqual(await one.bank.ask(keyId, 5), { outcome: 'spent', left: 0 });
  assert.deepEqual(await one.bank.ask(keyId, 0), { outcome: 'spent', left: 0 });
  assert.deepEqual(await one.bank.ask(keyId, 1), { outcome: 'insufficient', left: 0 });
});

test('a call that costs more than is left is refused at once, though the key is busy', async () => {
  const keyId = await world.addKey(1000);
  for (let call = 0; call < 20; call += 1) await one.spend(keyId, 1);
  assert.deepEqual(await one.bank.ask(keyId, 981), { outcome: 'insufficient', left: 980 });
  assert.deepEqual(await one.bank.ask(keyId, 980), { outcome: 'spent', left: 0 });
});

test('a key without limited credits says so', async () => {
  assert.deepEqual(await one.bank.ask('key_unknown', 1), { outcome: 'unlimited' });
});

test('a node that stops gives everything back and leaves no trace', async () => {
  const node = startCreditNode(world.url, world.folder, 'node_three');
  const keyId = await world.addKey(1000);
  for (let call = 0; call < 20; call += 1) await node.spend(keyId, 1);
  assert.equal(await world.leasesOf(keyId), 1);
  await node.stop();
  assert.equal(await world.unleased(keyId), 980);
  const rows = await world.database`select from latchkey.nodes where id = 'node_three'`;
  assert.equal(rows.length, 0);
});

test('a call waits for whoever is changing the key, and no other key waits', async () => {
  const [held, free] = [await world.addKey(10), await world.addKey(10)];
  const connection = await world.database.reserve();
  await connection`begin`;
  await connection`select from latchkey.key_credits where key_id = ${held} for update`;
  const waiting = one.bank.ask(held, 1);
  assert.equal((await one.bank.ask(free, 1)).outcome, 'spent');
  assert.equal(await Promise.race([waiting, sleep(20, 'waits')]), 'waits');
  await connection`commit`;
  connection.release();
  assert.deepEqual(await waiting, { outcome: 'spent', left: 9 });
});
