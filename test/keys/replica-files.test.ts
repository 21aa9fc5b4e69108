import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  currentReplica,
  nextReplica,
  removeOtherReplicas,
  switchReplica,
} from '../../src/keys/replica-files.ts';

const root = mkdtempSync(join(tmpdir(), 'latchkey-files-'));
after(() => rmSync(root, { recursive: true }));
let folderNumber = 0;

function newFolder(): string {
  folderNumber += 1;
  return join(root, String(folderNumber));
}

/** As LMDB leaves it: the file and its lock. */
function makeReplica(folder: string): string {
  const path = nextReplica(folder);
  writeFileSync(path, '');
  writeFileSync(`${path}-lock`, '');
  return path;
}

test('a copy is in use from the switch on, and not while it is being built', () => {
  const folder = newFolder();
  assert.equal(currentReplica(folder), undefined);
  const first = makeReplica(folder);
  assert.equal(currentReplica(folder), undefined);
  switchReplica(folder, first);
  assert.equal(currentReplica(folder), first);
  const second = makeReplica(folder);
  assert.notEqual(second, first);
  assert.equal(currentReplica(folder), first);
  switchReplica(folder, second);
  assert.equal(currentReplica(folder), second);
});

test('a new copy never gets the name of the one in use, even if others were removed', () => {
  const folder = newFolder();
  for (let round = 0; round < 12; round += 1) {
    const path = makeReplica(folder);
    assert.notEqual(path, currentReplica(folder));
    if (round % 3 !== 0) switchReplica(folder, path);
    removeOtherReplicas(folder);
  }
});

test('every copy but the one in use is removed, with its lock, and nothing else', () => {
  const folder = newFolder();
  removeOtherReplicas(folder);
  const [first, second] = [makeReplica(folder), makeReplica(folder)];
  writeFileSync(join(folder, 'notes'), '');
  switchReplica(folder, second);
  makeReplica(folder);
  removeOtherReplicas(folder);
  assert.deepEqual(readdirSync(folder).sort(), [
    ...['CURRENT', 'notes', 'replica-2.mdb', 'replica-2.mdb-lock'],
  ]);
  assert.notEqual(first, second);
});

test('a first copy that was never finished is removed, and is no copy', () => {
  const folder = newFolder();
  makeReplica(folder);
  assert.equal(currentReplica(folder), undefined);
  removeOtherReplicas(folder);
  assert.deepEqual(readdirSync(folder), []);
});

test('what names no copy, or one that is not there, names none', () => {
  const folder = newFolder();
  makeReplica(folder);
  for (const torn of ['', '\n', '.', '..', 'replica-9.mdb\n', 'replica-1.mdb-lock', 'CURRENT']) {
    writeFileSync(join(folder, 'CURRENT'), torn);
    assert.equal(currentReplica(folder), undefined, JSON.stringify(torn));
  }
});
