import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyDigest } from '../../src/domain/key-hash.ts';
import { openReplicaTables } from '../../src/keys/replica-tables.ts';
import { ReplicaView } from '../../src/keys/replica-view.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-view-'));
const path = join(folder, 'replica.mdb');
const tables = openReplicaTables(path, 'write');
const view = new ReplicaView(path);
after(async () => {
  await view.close();
  await tables.root.close();
  rmSync(folder, { recursive: true });
});

const digests = Array.from({ length: 3000 }, (_, number) => keyDigest(`key ${number}`));

function writeVersion(version: number): Promise<void> {
  return tables.root.transaction(() => {
    const value = Buffer.alloc(200, version);
    for (const digest of digests) tables.keys.put(Buffer.from(digest, 'latin1'), value);
  });
}

/** Of all keys in the view, each different one once. */
function versions(): number[] {
  const found = new Set<number>();
  for (const digest of digests) {
    assert.ok(view.file.find(view.keysRoot, digest));
    const { bytes, valueStart, valueEnd } = view.file;
    for (const byte of bytes.subarray(valueStart, valueEnd)) found.add(byte);
  }
  return [...found];
}

test('a view shows one state, while the writer commits others, until it is renewed', async () => {
  await writeVersion(1);
  view.renew();
  for (let version = 2; version < 60; version += 3) {
    const before = version - 1;
    assert.deepEqual(versions(), [before]);
    const commits = [writeVersion(version), writeVersion(version + 1), writeVersion(version + 2)];
    // They are being written now, by a thread of the library.
    assert.deepEqual(versions(), [before]);
    for (const commit of commits) {
      await commit;
      assert.deepEqual(versions(), [before]);
    }
    view.renew();
    assert.deepEqual(versions(), [version + 2]);
  }
});

test('the file does not grow for ever under a reader that goes along', async () => {
  const pages = () => (tables.root.getStats() as { lastPageNumber: number }).lastPageNumber;
  for (let version = 60; version < 70; version += 1) {
    await writeVersion(version);
    view.renew();
  }
  const settled = pages();
  for (let version = 70; version < 120; version += 1) {
    await writeVersion(version);
    view.renew();
  }
  assert.ok(pages() < settled * 1.5, `${settled} pages became ${pages()}`);
});
