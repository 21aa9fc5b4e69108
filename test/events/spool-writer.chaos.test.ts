import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBatchRows } from '../../src/events/batch-rows.ts';
import { unpackFields } from '../../src/events/event-codec.ts';
import { adoptSegments, listSegments, type SpoolFolder } from '../../src/events/spool-folder.ts';
import { verificationKind } from '../../src/events/verification-kind.ts';
import { waitFor } from '../support/wait-for.ts';
import type { AppenderArguments } from './appender.ts';
import { startChild } from './child.ts';
import { temporaryFolder, testSpool } from './river.ts';
import { verificationEvent } from './verification-events.ts';

function spooledIds(folder: SpoolFolder): unknown[] {
  const names = listSegments(folder).sealed.map((segment) => segment.name);
  const { groups, damaged, lostRows } = readBatchRows(folder, names);
  assert.deepEqual({ damaged, lostRows }, { damaged: [], lostRows: 0 });
  const rows = groups.find(({ kind }) => kind === verificationKind.wireNumber)?.rows ?? [];
  return rows.map(({ bytes, frame }) => unpackFields(bytes, frame.start, frame.end)[0]);
}

for (const perTurn of [1, 500]) {
  test(`a killed writer has spooled what it said, ${perTurn} events a turn`, async () => {
    for (let round = 0; round < 8; round++) {
      const temporary = temporaryFolder();
      const spool = testSpool(temporary.path);
      const args = [temporary.path, 'w1', '0', String(perTurn)] as const;
      const child = startChild<AppenderArguments>('appender.ts', args);
      await waitFor('events', () => child.lines.length > 0);
      await sleep(Math.random() * 60);
      await child.kill();
      const said = child.lines.length;
      adoptSegments(spool.folder);
      const ids = spooledIds(spool.folder).sort();
      // The last event may have been spooled by a process that did not live to say so.
      assert.ok(ids.length === said || ids.length === said + 1, `${ids.length} of ${said}`);
      assert.deepEqual(
        ids,
        ids.map((_, number) => verificationEvent(number).requestId),
      );
      spool.close();
      temporary.remove();
    }
  });
}

test('while a writer seals, the count of what is spooled never goes down', async () => {
  const temporary = temporaryFolder();
  const spool = testSpool(temporary.path);
  const child = startChild<AppenderArguments>('appender.ts', [temporary.path, 'w1', '0', '500']);
  const spooledCount = () => {
    const { sealed, open } = listSegments(spool.folder);
    return [...sealed, ...open].reduce((sum, { frameCount }) => sum + frameCount, 0);
  };
  let latest = 0;
  await waitFor('segments', () => {
    for (let look = 0; look < 50; look++) {
      const count = spooledCount();
      assert.ok(count >= latest, `${count} after ${latest}`);
      latest = count;
    }
    return listSegments(spool.folder).sealed.length >= 100;
  });
  await child.kill();
  spool.close();
  temporary.remove();
});
