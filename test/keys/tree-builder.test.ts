import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { graftTrees } from '../../src/keys/graft-trees.ts';
import { openReplicaTables, type ReplicaTables } from '../../src/keys/replica-tables.ts';
import { TreeBuilder } from '../../src/keys/tree-builder.ts';
import { createRandom } from '../support/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tree-'));
after(() => rmSync(folder, { recursive: true }));

type Entry = { key: Buffer; value: Buffer };

/** In order. `lengthOf` says how long the value of each is. */
function entries(count: number, lengthOf: (index: number) => number): Entry[] {
  const all = Array.from({ length: count }, (_, index) => {
    const key = createHash('sha256').update(`${index}`).digest();
    return { key, value: Buffer.alloc(lengthOf(index), key) };
  });
  return all.sort((one, other) => one.key.compare(other.key));
}

async function grafted(name: string, all: readonly Entry[]): Promise<ReplicaTables> {
  const path = join(folder, `${name}.mdb`);
  const empty = openReplicaTables(path, 'write');
  await empty.documents.put('api:1', Buffer.from('{}'));
  await empty.root.flushed;
  await empty.root.close();
  await graftTrees(path, async (space) => {
    const builder = new TreeBuilder(space);
    for (const { key, value } of all) {
      const bytes = Buffer.concat([Buffer.of(1), key, value, Buffer.of(1)]);
      builder.add(bytes, { start: 1, end: bytes.length - 1 }, key.length);
    }
    const tree = builder.finish();
    return new Map(tree ? [['keys', tree]] : []);
  });
  return openReplicaTables(path, 'write');
}

function assertHolds(tables: ReplicaTables, all: readonly Entry[]): void {
  let index = 0;
  for (const { key, value } of tables.keys.getRange({})) {
    const expected = all[index] as Entry;
    assert.ok(expected.key.equals(key) && expected.value.equals(value), `entry ${index}`);
    index += 1;
  }
  assert.equal(index, all.length);
  for (const { key, value } of all) assert.ok(tables.keys.getBinary(key)?.equals(value));
  assert.equal(tables.documents.getBinary('api:1')?.toString(), '{}');
}

type Stats = Record<
  'treeDepth' | 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages' | 'entryCount',
  number
>;

test('LMDB finds every entry of a tree of any size', async () => {
  // Up to three levels: a page has room for 15 of them, a branch for some 80.
  for (const count of [0, 1, 14, 15, 16, 30, 1100, 1200, 1201, 1215, 1216, 1230, 2500, 20_000]) {
    const all = entries(count, () => 220);
    const tables = await grafted(`size-${count}`, all);
    assertHolds(tables, all);
    await tables.root.close();
  }
});

test('the pages are as many as LMDB makes itself when it appends', async () => {
  const random = createRandom(3);
  const all = entries(20_000, () => Math.floor(random() * 600));
  const tables = await grafted('built', all);
  const own = openReplicaTables(join(folder, 'own.mdb'), 'write');
  own.root.transactionSync(() => {
    for (const { key, value } of all) own.keys.put(key, value, { append: true } as never);
  });
  const built = tables.keys.getStats() as Stats;
  const made = own.keys.getStats() as Stats;
  assert.equal(built.entryCount, made.entryCount);
  assert.equal(built.treeDepth, made.treeDepth);
  assert.equal(built.treeLeafPageCount, made.treeLeafPageCount);
  await Promise.all([tables.root.close(), own.root.close()]);
});

test('values of every length keep their bytes, with pages of their own or not', async () => {
  const random = createRandom(5);
  const lengths = [0, 1, 1990, 1993, 1994, 1995, 1996, 4072, 4073, 8168, 8169, 100_000];
  const all = entries(3000, (index) => lengths[index] ?? Math.floor(random() ** 4 * 9000));
  const tables = await grafted('lengths', all);
  assertHolds(tables, all);
  await tables.root.close();
});

test('a grafted tree takes changes like any other', async () => {
  const random = createRandom(9);
  const all = new Map<string, Entry>();
  const some = entries(8000, () => (random() < 0.05 ? 5000 : 200));
  for (const entry of some) all.set(entry.key.toString('hex'), entry);
  const tables = await grafted('changes', some);
  for (let round = 0; round < 40; round += 1) {
    const begun = [...all.values()];
    tables.root.transactionSync(() => {
      for (let change = 0; change < 300; change += 1) {
        const { key } = begun[Math.floor(random() * begun.length)] as Entry;
        const isRemoval = random() < 0.6;
        const value = Buffer.alloc(Math.floor(random() * 3000), `${change}`);
        if (isRemoval) tables.keys.remove(key);
        else tables.keys.put(key, value);
        if (isRemoval) all.delete(key.toString('hex'));
        else all.set(key.toString('hex'), { key, value });
      }
    });
  }
  const left = [...all.values()].sort((one, other) => one.key.compare(other.key));
  assertHolds(tables, left);
  await tables.root.close();
});
