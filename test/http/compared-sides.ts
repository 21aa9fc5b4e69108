/** Asks two workers the same, one with and one without the native engine, and compares all. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  latencyCounterName,
  type WorkerCounterName,
  workerCounterNames,
} from '../../src/domain/metrics.ts';
import { type Outcome, outcomes } from '../../src/domain/outcome.ts';
import { openGenerationPage } from '../../src/keys/generation-page.ts';
import type { ReplicaChange } from '../../src/keys/replica-change.ts';
import { openReplicaWriter } from '../../src/keys/replica-writer.ts';
import { createReleasers, type Releasers } from '../../src/lib/releasers.ts';
import { createTableFile } from '../../src/limits/table-file.ts';
import { gateAt, windowTableKind } from '../../src/limits/window-layout.ts';
import type { Answered, Asked } from './captured-app.ts';
import { openPlainSide, openQuickSide, type QuickSide, type Side } from './judging-sides.ts';
import { startMs } from './key-facts.ts';

type Events = (readonly unknown[])[];
export type Compared = { answered: Answered; outcomes: Outcome[] };

/** Not a random one: which limits find no room depends on it. */
const tagKey = Int32Array.of(0x5eed, 0x1ce1);
const requestIdAt = 0;
const outcomeAt = 7;
const latencyAt = 10;

async function openFiles(bucketCount: number, releasers: Releasers) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-quick-'));
  releasers.push('folder', () => rmSync(folder, { recursive: true }));
  const page = openGenerationPage(join(folder, 'generations'));
  releasers.push('page', () => page.close());
  const writer = openReplicaWriter(join(folder, 'replica.mdb'));
  releasers.push('writer', () => writer.close());
  await writer.apply([]);
  const folders = { quick: join(folder, 'quick'), plain: join(folder, 'plain') };
  for (const one of Object.values(folders)) {
    mkdirSync(one);
    createTableFile(join(one, 'windows'), { kind: windowTableKind, bucketCount, tagKey });
  }
  return { folder, folders, page, writer };
}

export async function openSides({ bucketCount = 100, segmentBytes = 65_536 } = {}) {
  const releasers = createReleasers();
  const { folder, folders, page, writer } = await openFiles(bucketCount, releasers);
  let nowMs = startMs;
  let onClock = () => {};
  const clock = () => {
    onClock();
    return nowMs;
  };
  const options = { replicaPath: writer.path, page, clock, segmentBytes };
  const quick = openQuickSide({ ...options, folder: folders.quick }, releasers);
  const plain = openPlainSide({ ...options, folder: folders.plain }, releasers);
  const told = { latencies: new Map<string, number>(), latencySumUs: 0 };

  return {
    quick,
    nowMs: () => nowMs,
    /** The requests that follow come so much later. */
    wait: (durationMs: number) => {
      nowMs += durationMs;
    },
    /** Before anybody looks at the clock: `undefined` ends it. */
    beforeClock: (step: (() => void) | undefined) => {
      onClock = step ?? (() => {});
    },
    raise: () => page.raise({ touchesDocuments: true }),
    async apply(changes: readonly ReplicaChange[]) {
      await writer.apply(changes);
      const touchesDocuments = changes.some(({ kind }) => kind !== 'key' && kind !== 'identity');
      page.raise({ touchesDocuments });
    },
    /** Both go on in another replica, of nothing but this. */
    async switchTo(name: string, changes: readonly ReplicaChange[]) {
      const other = openReplicaWriter(join(folder, name));
      await other.apply(changes);
      await Promise.all([quick, plain].map(({ lookup }) => lookup.switchTo(other.path)));
      await other.close();
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
      if (!answered.rest.equals(expected.rest)) {
        assert.equal(answered.rest.toString(), expected.rest.toString(), asked.body.toString());
      }
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

/** Outcomes as on the other side; latencies as they were spooled; who has decided. */
function compareCounters(quick: QuickSide, plain: Side, told: Told): void {
  const { cells } = quick.counters.verificationCells;
  const plainCells = plain.counters.verificationCells.cells;
  const own: Partial<Record<WorkerCounterName, number>> = {
    latency_sum_us: told.latencySumUs,
    engine_decided: quick.counts.answered,
  };
  for (const [at, name] of workerCounterNames.entries()) {
    const latencyCount = name.startsWith('latency_') ? (told.latencies.get(name) ?? 0) : undefined;
    const expected = own[name] ?? latencyCount ?? Number(plainCells[at]);
    assert.equal(Number(cells[at]), expected, name);
  }
}

const firstSlotByte = gateAt(0) * 8;

function compareWindows(quick: Side, plain: Side): void {
  const [found, expected] = [quick, plain].map(({ windows }) =>
    Buffer.from(windows.memory.buffer, firstSlotByte),
  ) as [Buffer, Buffer];
  assert.ok(found.equals(expected), 'the limits were not counted alike');
}
