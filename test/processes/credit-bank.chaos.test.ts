import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetNode, listNodes } from '../../src/control/credit-leases.ts';
import { mapFile } from '../../src/lib/mapped-file.ts';
import { createFaultyProxy } from '../events/faulty-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { openCreditWorld, startCreditNode } from './credit-node.ts';
import type { SpenderOrder } from './credit-spender.ts';

const world = await openCreditWorld();
const callCount = 4;
const children = new Set<ChildProcess>();

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world.close();
});

async function startSpender(nodeId: string, keyIds: string[], countsPath: string) {
  const order: SpenderOrder = {
    ...{ url: world.url, folder: world.folder, nodeId, keyIds, countsPath, callCount },
  };
  const child = fork(join(import.meta.dirname, 'credit-spender.ts'), [JSON.stringify(order)]);
  children.add(child);
  child.once('exit', () => children.delete(child));
  await once(child, 'message');
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const gone = once(child, 'exit');
  child.kill(signal);
  return (await gone)[0] as number | null;
}

const manyCredits = 1_000_000_000;

/** It spends nothing from here on, until it is told to go on. */
async function freeze(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP');
  const stat = `/proc/${child.pid}/stat`;
  await waitFor('it stands still', () => readFileSync(stat, 'utf8').includes(') T '));
}

/**
 * Ends a spender that has some of its lease left. Between two leases it has nothing, and how soon
 * after a look it is killed is up to the machine: so it stands still while it is looked at.
 */
async function killWithLease(
  child: ChildProcess,
  outstanding: () => Promise<number>,
): Promise<void> {
  await waitFor('it has leased more than it spends at once', async () => {
    await freeze(child);
    if ((await outstanding()) > callCount) return true;
    child.kill('SIGCONT');
    return false;
  });
  await end(child, 'SIGKILL');
}

/** A key that is not spent up while a test lasts, and a file for one spender's answers. */
async function addRichKey(countsPath: string) {
  const keyId = await world.addKey(manyCredits);
  const counts = mapFile(countsPath, 4);
  const answered = new Int32Array(counts.buffer);
  return {
    keyId,
    unmap: () => counts.unmap(),
    /** Credits that were neither answered as spent nor are left in Postgres. */
    async outstanding(): Promise<number> {
      return manyCredits - (await world.unleased(keyId)) - Atomics.load(answered, 0);
    },
  };
}

test('nodes that are killed again and again neither oversell nor lose a credit', async () => {
  const keyIds = [
    await world.addKey(1_000_000),
    await world.addKey(400),
    await world.addKey(20_000),
  ];
  const first = [1_000_000, 400, 20_000];
  const countsPath = join(world.folder, 'counts');
  const counts = mapFile(countsPath, keyIds.length * 4);
  const answered = new Int32Array(counts.buffer);
  const nodes = await Promise.all(
    ['node_one', 'node_two'].map((nodeId) => startSpender(nodeId, keyIds, countsPath)),
  );
  const killCount = 16;
  for (let kill = 0; kill < killCount; kill += 1) {
    await sleep(20 + Math.random() * 150);
    const index = kill % 2;
    await end(nodes[index] as ChildProcess, 'SIGKILL');
    for (const [key, limit] of first.entries()) assert.ok((answered[key] as number) <= limit);
    nodes[index] = await startSpender(index ? 'node_two' : 'node_one', keyIds, countsPath);
  }
  for (const node of nodes) assert.equal(await end(node, 'SIGTERM'), 0);
  for (const [key, limit] of first.entries()) {
    const keyId = keyIds[key] as string;
    assert.equal(await world.leasesOf(keyId), 0);
    const unanswered = limit - (await world.unleased(keyId)) - (answered[key] as number);
    const detail = `key ${key}: ${unanswered} spent without an answer, ${answered[key]} with one`;
    assert.ok(unanswered >= 0 && unanswered <= killCount * callCount, detail);
  }
  counts.unmap();
});

test('what a killed node had leased counts as spent until that node starts again', async () => {
  const countsPath = join(world.folder, 'counts-away');
  const { keyId, outstanding, unmap } = await addRichKey(countsPath);
  const child = await startSpender('node_away', [keyId], countsPath);
  await killWithLease(child, outstanding);
  const other = startCreditNode(world.url, world.folder, 'node_other');
  const { outcome } = await other.bank.ask(keyId, (await world.unleased(keyId)) + 1);
  assert.equal(outcome, 'insufficient');
  const again = startCreditNode(world.url, world.folder, 'node_away');
  await again.bank.awaitChecked();
  await waitFor('the lease is back', async () => (await world.leasesOf(keyId)) === 0);
  const unanswered = await outstanding();
  assert.ok(unanswered >= 0 && unanswered <= callCount, `${unanswered} without an answer`);
  await again.stop();
  await other.stop();
  unmap();
});

test('a node that was written off gets nothing back for what it had leased', async () => {
  const countsPath = join(world.folder, 'counts-lost');
  const { keyId, outstanding, unmap } = await addRichKey(countsPath);
  const child = await startSpender('node_lost', [keyId], countsPath);
  await killWithLease(child, outstanding);
  const left = await world.unleased(keyId);
  const [lost] = (await listNodes(world.database)).filter(({ nodeId }) => nodeId === 'node_lost');
  assert.equal(lost?.leasedKeyCount, 1);
  assert.ok(lost.outstanding > 0);
  assert.equal(await forgetNode(world.database, 'node_lost'), true);
  assert.equal(await forgetNode(world.database, 'node_lost'), false);
  const again = startCreditNode(world.url, world.folder, 'node_lost');
  await again.bank.awaitChecked();
  assert.equal(again.table.spend(keyId, 1).outcome, 'no-lease');
  await again.stop();
  assert.equal(await world.unleased(keyId), left);
  unmap();
});

async function startBehindProxy(t: TestContext, nodeId: string) {
  const proxy = await createFaultyProxy(world.url);
  const node = startCreditNode(proxy.url, world.folder, nodeId);
  t.after(async () => {
    await node.stop();
    await proxy.close();
  });
  return { proxy, node };
}

test('without Postgres a lease is spent to its end, and others are told at once', async (t) => {
  const { proxy, node } = await startBehindProxy(t, 'node_cut_off');
  const [leased, cold] = [await world.addKey(100_000), await world.addKey(100)];
  for (let call = 0; call < 500; call += 1) await node.spend(leased, 1);
  const left = node.table.spend(leased, 0).left;
  assert.ok(left > 0);
  proxy.refuseConnections(true);
  proxy.cut();
  assert.equal(await node.spend(cold, 1), 'unavailable');
  for (let call = 0; call < left; call += 1) assert.equal(await node.spend(leased, 1), 'spent');
  const startedAt = performance.now();
  assert.equal(await node.spend(leased, 1), 'unavailable');
  assert.ok(performance.now() - startedAt < 2000);
  proxy.refuseConnections(false);
  await waitFor('it is back', async () => (await node.spend(cold, 1)) === 'spent');
  await node.bank.stop();
  assert.equal(await world.unleased(leased), 100_000 - 500 - left);
  assert.equal(await world.unleased(cold), 99);
});

test('a lease that was committed but not answered is not lost and not granted twice', async (t) => {
  const { proxy, node } = await startBehindProxy(t, 'node_unlucky');
  const keyId = await world.addKey(1_000_000);
  let spentCount = 0;
  let unknownCount = 0;
  for (let round = 0; round < 25; round += 1) {
    await waitFor('it is connected', async () => (await node.spend(keyId, 0)) === 'spent');
    proxy.loseAnswers(1);
    for (let call = 0; call < 200; call += 1) {
      if ((await node.spend(keyId, 1)) === 'spent') spentCount += 1;
      else unknownCount += 1;
    }
  }
  proxy.loseAnswers(0);
  await waitFor('it is connected', async () => (await node.spend(keyId, 0)) === 'spent');
  await node.bank.stop();
  const missing = 1_000_000 - (await world.unleased(keyId)) - spentCount;
  assert.ok(missing >= 0 && missing <= unknownCount, `${missing} of ${unknownCount} unknown`);
  assert.equal(await world.leasesOf(keyId), 0);
});
