import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openLedger } from '../../src/events/ledger.ts';
import { openSpoolFolder } from '../../src/events/spool-folder.ts';
import { temporaryFolder } from './river.ts';

let temporary: { path: string; remove(): void };

beforeEach(() => {
  temporary = temporaryFolder();
  openSpoolFolder(temporary.path);
});
afterEach(() => temporary.remove());

async function commitRows(...counts: number[]): Promise<void> {
  const ledger = openLedger(temporary.path);
  for (const count of counts) {
    ledger.state.insertedRows = count;
    await ledger.commit();
  }
  await ledger.close();
}

async function rowsNow(): Promise<number> {
  const ledger = openLedger(temporary.path);
  await ledger.close();
  return ledger.state.insertedRows;
}

/** Changes one byte of the slot that was written last. */
function tearLatest(offset: number): void {
  const path = join(temporary.path, 'ledger');
  const bytes = readFileSync(path);
  const half = bytes.length / 2;
  const start = bytes.readDoubleLE(8) > bytes.readDoubleLE(half + 8) ? 0 : half;
  bytes[start + offset] = (bytes[start + offset] as number) ^ 1;
  writeFileSync(path, bytes);
}

test('what was committed last is there after opening again', async () => {
  await commitRows(1, 2, 3);
  assert.equal(await rowsNow(), 3);
  await commitRows(4);
  assert.equal(await rowsNow(), 4);
});

test('a commit that was cut short leaves the one before', async () => {
  for (const offset of [0, 8, 20, 40]) {
    await commitRows(100, 200);
    tearLatest(offset);
    assert.equal(await rowsNow(), 100, `byte ${offset}`);
  }
});

test('commits that come together are one write, and each is durable when it resolves', async () => {
  const ledger = openLedger(temporary.path);
  const commits = [1, 2, 3, 4].map((count) => {
    ledger.state.insertedRows = count;
    return ledger.commit();
  });
  await Promise.all(commits);
  await ledger.close();
  assert.equal(await rowsNow(), 4);
});

test('the file never grows, and a file that cannot be read is set aside', async () => {
  await commitRows(7);
  const path = join(temporary.path, 'ledger');
  const sizeBytes = statSync(path).size;
  assert.equal(statSync(path).mode & 0o777, 0o600);
  writeFileSync(path, Buffer.alloc(sizeBytes, 7));
  const ledger = openLedger(temporary.path);
  await ledger.close();
  assert.equal(ledger.wasUnreadable, true);
  assert.equal(ledger.state.insertedRows, 0);
  assert.equal(statSync(path).size, sizeBytes);
  const [aside] = readdirSync(join(temporary.path, 'quarantine'));
  assert.match(aside ?? '', /^ledger-/);
});
