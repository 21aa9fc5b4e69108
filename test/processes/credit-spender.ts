/**
 * A node of its own process that spends one credit after the other and counts what was answered as
 * spent, until it is told to stop or killed. Its argument is a SpenderOrder as JSON.
 */
import { mapFile } from '../../src/lib/mapped-file.ts';
import { startCreditNode } from './credit-node.ts';

export type SpenderOrder = {
  url: string;
  folder: string;
  nodeId: string;
  keyIds: readonly string[];
  /** A file of 32-bit counts: one for each key. */
  countsPath: string;
  /** How many calls are under way at any time. */
  callCount: number;
};

const order = JSON.parse(process.argv[2] ?? '') as SpenderOrder;
const counts = mapFile(order.countsPath, order.keyIds.length * 4);
const spent = new Int32Array(counts.buffer);
const node = startCreditNode(order.url, order.folder, order.nodeId);
let isOver = false;

async function spendAway(offset: number): Promise<void> {
  for (let turn = offset; !isOver; turn += 1) {
    const index = turn % order.keyIds.length;
    const outcome = await node.spend(order.keyIds[index] as string, 1);
    if (outcome === 'spent') Atomics.add(spent, index, 1);
    else await new Promise((resolve) => setTimeout(resolve, 5));
    // Calls out of the lease are answered at once: others get their turn all the same.
    if (turn % 50 === 0) await new Promise(setImmediate);
  }
}

const calls = Array.from({ length: order.callCount }, (_, index) => spendAway(index));
process.once('SIGTERM', async () => {
  isOver = true;
  await Promise.all(calls);
  await node.stop();
  process.exit(0);
});
process.send?.('running');
