import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openGenerationPage } from '../../src/keys/generation-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-generations-'));
after(() => rmSync(folder, { recursive: true }));

test('whoever has the page open sees each change, and whether documents are among them', () => {
  const writer = openGenerationPage(join(folder, 'changes'));
  const reader = openGenerationPage(join(folder, 'changes'));
  writer.raise({ touchesDocuments: false });
  assert.deepEqual([reader.replica(), reader.documents()], [1, 0]);
  writer.raise({ touchesDocuments: true });
  assert.deepEqual([reader.replica(), reader.documents()], [2, 1]);
  reader.close();
  writer.close();
});

test('numbers and the last synchronisation outlive all who had the page open', () => {
  const path = join(folder, 'restart');
  const first = openGenerationPage(path);
  assert.equal(first.syncedAtMs(), 0);
  first.raise({ touchesDocuments: true });
  first.setSyncedAtMs(1_800_000_000_123);
  first.close();
  const second = openGenerationPage(path);
  assert.deepEqual([second.replica(), second.documents()], [1, 1]);
  assert.equal(second.syncedAtMs(), 1_800_000_000_123);
  second.close();
});
