/** Asks two workers the same, one with and one without the native engine, and compares all. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { latencyCounterName, workerCounterNames } from '../../src/domain/metrics.ts';
import { type Outcome, outcomes } from '../../src/domain/outcome.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { createReleasers } from '../../src/lib/releasers.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import { gateAt } from '../../src/limits/window-layout.ts';
import type { Answered, Asked } from './captured-app.ts';
import { openPlainSide, openQuickSide, type Side } from './judging-sides.ts';
import { startMs } from './key-facts.ts';

type Events = (readonly unknown[])[];
export type Compared = { answered: Answered; outcomes: Outcome[] };

const requestIdAt = 0;
const outcomeAt = 7;
const latencyAt = 10;

export async function openSides({ slotCount = 700, segmentBytes = 65_536 } = {}) {
  const releasers = createReleasers();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-quick-'));
  releasers.push('folder', () => rmSync(folder, { recursive: true }));
  const page = openGenerationPage(join(folder, 'generations'));
  releasers.push('page', () => page.close());
  const writer = openReplicaWriter(join(folder, 'replica.mdb'));
  releasers.push('writer', () => writer.close());
  await writer.apply([]);
  const [quickFolder, plainFolder] = [join(folder, 'quick'), join(folder, 'plain')];
  for (const one of [quickFolder, plainFolder]) mkdirSync(one);
  prepareWindowTable(join(quickFolder, 'windows'), slotCount, startMs);
  copyFileSync(join(quickFolder, 'windows'), join(plainFolder, 'windows'));
  let nowMs = startMs;
  const options = { replicaPath: writer.path, page, clock: () => nowMs, segmentBytes };
  const quick = openQuickSide({ ...options, folder: quickFolder }, releasers);
  const plain = openPlainSide({ ...options, folder: plainFolder }, releasers);
  const told = { latencies: new Map<string, number>(), latencySumUs: 0 };

  return {
    quick,
    /** The requests that follow come so much later. */
    wait: (durationMs: number) => {
      nowMs += durationMs;
    },
    async apply(changes: readonly ReplicaChange[]) {
      await writer.apply(changes);
      const touchesDocuments = changes.some(({ kind }) => kind !== 'key' && kind !== 'identity');
      page.raise({ touchesDocuments });
    },
    lease(keyId: string, amount: number) {
      for (const { credits } of [quick, plain]) {
        const mark = credits.reserve(keyId) as number;
        assert.equal(credits.grant(keyId, { amount, mark }), 'granted');
      }
    },
    async ask(asked: Asked): Promise<Compared> {
      const answered = await quick.app.ask(asked);
      const expected = await plain.app.ask(asked);
      assert.equal(answered.body, expected.body);
      assert.deepEqual(answered.head, expected.head);
      const events = compareEvents(quick, plain, [answered.requestId, expected.requestId]);
      for (const event of events) note(told, event[latencyAt] as number);
      compareCounters(quick, plain, told);
      compareWindows(quick, plain);
      return {
        answered,
        outcomes: events.map((event) => outcomes[event[outcomeAt] as number]) as Outcome[],
      };
    },
    close: () => releasers.releaseAll(),
  };
}

export type Sides = Awaited<ReturnType<typeof openSides>>;
type Told = { latencies: Map<string, number>; latencySumUs: number };

function note(told: Told, latencyUs: number): void {
  const name = latencyCounterName(latencyUs);
  told.latencies.set(name, (told.latencies.get(name) ?? 0) + 1);
  told.latencySumUs += latencyUs;
}

/** Gives those of the first. */
function compareEvents(quick: Side, plain: Side, requestIds: [string, string]): Events {
  const found = quick.takeEvents();
  const comparable = (events: Events, requestId: string) =>
    events.map((event) => {
      assert.equal(event[requestIdAt], requestId);
      return event.with(requestIdAt, '').with(latencyAt, 0);
    });
  const expected = comparable(plain.takeEvents(), requestIds[1]);
  assert.deepEqual(comparable(found, requestIds[0]), expected);
  return found;
}

/** Outcomes as on the other side; latencies as they were spooled. */
function compareCounters(quick: Side, plain: Side, told: Told): void {
  const { cells } = quick.counters.verificationCells;
  const expected = plain.counters.verificationCells.cells;
  for (const [at, name] of workerCounterNames.entries()) {
    if (name === 'latency_sum_us') assert.equal(Number(cells[at]), told.latencySumUs);
    else if (name.startsWith('latency_'))
      assert.equal(Number(cells[at]), told.latencies.get(name) ?? 0);
    else assert.equal(cells[at], expected[at], name);
  }
}

const firstSlotByte = gateAt(0) * 8;

function compareWindows(quick: Side, plain: Side): void {
  const [found, expected] = [quick, plain].map(({ windows }) =>
    Buffer.from(windows.memory.buffer, firstSlotByte),
  ) as [Buffer, Buffer];
  assert.ok(found.equals(expected), 'the limits were not counted alike');
}
