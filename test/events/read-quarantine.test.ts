import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { quarantineRows } from '../../src/events/quarantine.ts';
import { readQuarantine } from '../../src/events/read-quarantine.ts';
import { temporaryFolder } from './river.ts';

const temporary = temporaryFolder();
const quarantine = join(temporary.path, 'quarantine');
const place = { piece: { kind: 3, target: 'digest' }, table: 'shop.requests' };
after(() => temporary.remove());

test('before the first start there is nothing', () => {
  assert.deepEqual(readQuarantine(join(temporary.path, 'none')), []);
});

test('each file is told with its rows and the first reason, however long a row is', () => {
  const reason = 'Cannot parse\n"x"';
  const rows = Array.from({ length: 3 }, (_, number) => ({
    ...{ number, reason },
    fields: ['x'.repeat(200_000)],
  }));
  quarantineRows(quarantine, { batchId: 'a', ...place }, rows);
  const long = { number: 7, fields: [], reason: 'y'.repeat(500) };
  quarantineRows(quarantine, { batchId: 'b', ...place }, [long]);
  writeFileSync(join(quarantine, 'c-ingest-0.jsonl.part'), 'not yet whole');
  const files = readQuarantine(temporary.path);
  assert.deepEqual(files, [
    { file: 'a-ingest-digest-0.jsonl', rowCount: 3, reason: 'Cannot parse "x"' },
    { file: 'b-ingest-digest-7.jsonl', rowCount: 1, reason: `${'y'.repeat(119)}…` },
  ]);
});

test('a segment tells its rows by its name; what is neither has none', () => {
  const folder = join(temporary.path, 'other');
  mkdirSync(join(folder, 'quarantine'), { recursive: true });
  const names = ['000000000000001.w1.0.0.7.4096.sealed', 'ledger-5', 'strange.jsonl'];
  for (const name of names) writeFileSync(join(folder, 'quarantine', name), '');
  assert.deepEqual(
    readQuarantine(folder),
    names.map((file, at) => ({ file, rowCount: at === 0 ? 7 : 0, reason: '' })),
  );
});
