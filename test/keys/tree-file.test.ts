import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { open } from 'lmdb';
import { openReplicaTables, type ReplicaTables } from '../../src/keys/replica-tables.ts';
import { TreeFile } from '../../src/keys/tree-file.ts';
import { createRandom } from '../support/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tree-'));
after(() => rmSync(folder, { recursive: true }));

function openBoth(name: string): { tables: ReplicaTables; file: TreeFile } {
  const path = join(folder, `${name}.mdb`);
  const tables = openReplicaTables(path, 'write');
  const file = new TreeFile(path);
  after(async () => {
    file.close();
    await tables.root.close();
  });
  return { tables, file };
}

/** What the file says of a key, copied; undefined when it is not there. */
function valueAt(file: TreeFile, root: number, key: Buffer): Buffer | undefined {
  if (!file.find(root, key.toString('latin1'))) return undefined;
  return Buffer.from(file.bytes.subarray(file.valueStart, file.valueEnd));
}

test('what the library has written is found in place, and nothing else is', async () => {
  const { tables, file } = openBoth('random');
  const random = createRandom(5);
  const keys = Array.from({ length: 20_000 }, () => randomBytes(32));
  const values = keys.map(() => randomBytes(1 + Math.floor(random() * 400)));
  // In parts, so that pages are split and merged in many shapes.
  for (let part = 0; part < 10; part += 1) {
    await tables.root.transaction(() => {
      for (let at = part; at < keys.length; at += 10) {
        tables.keys.put(keys[at] as Buffer, values[at] as Buffer);
      }
    });
  }
  await tables.root.transaction(() => {
    for (let at = 0; at < keys.length; at += 3) tables.keys.remove(keys[at] as Buffer);
  });
  file.renew();
  const root = file.rootOf('keys');
  for (const [at, key] of keys.entries()) {
    assert.deepEqual(valueAt(file, root, key), at % 3 === 0 ? undefined : values[at]);
    const near = Buffer.from(key);
    near[31] = (near[31] as number) ^ 1;
    assert.equal(valueAt(file, root, near), undefined);
    assert.equal(valueAt(file, root, key.subarray(0, 31)), undefined);
    assert.equal(valueAt(file, root, Buffer.concat([key, Buffer.of(0)])), undefined);
  }
});

test('keys that are not uniform at all are found too', async () => {
  const { tables, file } = openBoth('crowded');
  const keys: Buffer[] = [];
  for (const start of [0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff]) {
    for (let number = 0; number < 700; number += 1) {
      const key = Buffer.alloc(6 + (number % 9));
      key.writeUInt32BE(start);
      key.writeUInt16BE(number, 4);
      keys.push(key);
    }
  }
  await tables.root.transaction(() => {
    for (const key of keys) tables.keys.put(key, key);
  });
  file.renew();
  const root = file.rootOf('keys');
  for (const key of keys) assert.deepEqual(valueAt(file, root, key), key);
  assert.equal(valueAt(file, root, Buffer.alloc(4)), undefined);
  assert.equal(valueAt(file, root, Buffer.alloc(40, 0xff)), undefined);
});

test('a value that has pages of its own is found whole', async () => {
  const { tables, file } = openBoth('big');
  const key = randomBytes(32);
  const value = randomBytes(2 ** 20 + 17);
  await tables.root.transaction(() => {
    tables.keys.put(key, value);
    for (let number = 0; number < 500; number += 1) tables.keys.put(randomBytes(32), Buffer.of(1));
  });
  file.renew();
  assert.deepEqual(valueAt(file, file.rootOf('keys'), key), value);
});

test('an empty table has nothing, and each renewal shows the newest state', async () => {
  const { tables, file } = openBoth('states');
  file.renew();
  const key = randomBytes(32);
  assert.equal(valueAt(file, file.rootOf('keys'), key), undefined);
  for (let round = 0; round < 300; round += 1) {
    const value = Buffer.from(`round ${round}`);
    await tables.root.transaction(() => {
      tables.keys.put(key, value);
      tables.keys.put(randomBytes(32), Buffer.alloc(100));
    });
    file.renew();
    assert.deepEqual(valueAt(file, file.rootOf('keys'), key), value);
  }
  await tables.root.transaction(() => {
    for (const found of tables.keys.getKeys()) tables.keys.remove(Buffer.from(found));
  });
  file.renew();
  assert.equal(valueAt(file, file.rootOf('keys'), key), undefined);
});

test('a file that outgrows what it was when it was opened is read on', async () => {
  const { tables, file } = openBoth('growing');
  const key = randomBytes(32);
  for (let part = 0; part < 5; part += 1) {
    await tables.root.transaction(() => {
      for (let number = 0; number < 2000; number += 1) {
        tables.keys.put(randomBytes(32), Buffer.alloc(1500));
      }
      tables.keys.put(key, Buffer.of(part));
    });
    file.renew();
    assert.deepEqual(valueAt(file, file.rootOf('keys'), key), Buffer.of(part));
  }
});

test('a file that is no LMDB file, or lacks the table, is a fault', async () => {
  assert.throws(() => new TreeFile(import.meta.filename), { name: 'AssertionFault' });
  const path = join(folder, 'other.mdb');
  const other = open({ path });
  await other.put('a', 1);
  const file = new TreeFile(path);
  file.renew();
  assert.throws(() => file.rootOf('keys'), /no table keys/);
  file.close();
  await other.close();
});
