import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SharedWords, seatWords } from '../../src/limits/shared-words.ts';
import { createTableFile, headerSpareAt } from '../../src/limits/table-file.ts';
import {
  gateAt,
  recordAt,
  seatsAt,
  tagAt,
  windowTableKind,
} from '../../src/limits/window-layout.ts';
import { type LimitRequest, WindowTable } from '../../src/limits/window-table.ts';
import { joinWord, packWord, wordLabel } from '../../src/limits/word.ts';
import { Hammers } from './hammers.ts';
import { buildNative, type NativeWindows, openNativeWindows } from './native-windows.ts';

buildNative();

const folder = mkdtempSync(join(tmpdir(), 'latchkey-native-windows-'));
after(() => rmSync(folder, { recursive: true }));

const start = 1_800_000_000_000;
const name = 'a-name_of.80:characters/'.repeat(4).slice(0, 80);
let fileNumber = 0;

type Sides = {
  /** Counts alone, in a file of its own. */
  expected: WindowTable;
  /** Count together in the other file, the first two under one seat. */
  table: WindowTable;
  native: NativeWindows;
  other: NativeWindows;
  /** The words of both files. */
  files: BigInt64Array[];
  setClock(nowMs: number): void;
};

function newSides(bucketCount: number): Sides {
  const tagKey = new Int32Array([12_345 + fileNumber, -bucketCount]);
  let clockMs = start;
  const newFile = () => {
    fileNumber += 1;
    const path = join(folder, `windows-${fileNumber}`);
    createTableFile(path, { kind: windowTableKind, bucketCount, tagKey });
    return path;
  };
  const paths = [newFile(), newFile()] as const;
  const open = (path: string) => {
    const table = new WindowTable(path, () => clockMs);
    after(() => table.close());
    return table;
  };
  const [expected, table, second] = [open(paths[0]), open(paths[1]), open(paths[1])];
  const [native, other] = [openNativeWindows(table), openNativeWindows(second)];
  const setClock = (nowMs: number) => {
    clockMs = nowMs;
    for (const side of [native, other]) side.setClock(nowMs);
  };
  setClock(start);
  const files = [expected, table].map(({ memory }) => new BigInt64Array(memory.buffer));
  return { expected, table, native, other, files, setClock };
}

function limit(part: Partial<LimitRequest> = {}): LimitRequest {
  return {
    workspaceId: 'ws_1',
    scope: 'requests',
    identifier: 'key_1',
    durationMs: 10_000,
    limit: 10,
    cost: 1,
    ...part,
  };
}

type Below = (below: number) => number;

function random(seed: number): Below {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const one = <Value>(below: Below, values: readonly Value[]) =>
  values[below(values.length)] as Value;
const durations = [1, 1500.7, 7777, 60_000];
const rareDurations = [1000, 3_600_000, 2 ** 50, 2 ** 51];
const limits = [5, 20, 20.5, 1000, 1000, 1e12];
const rareLimits = [-1, 0, 1, 2 ** 53 - 2, 2 ** 53 - 1, 2 ** 60];
const costs = [0, 1, 1, 1, 1, 2, 7];
const rareCosts = [300, 1e11, 2 ** 52, 2 ** 53 - 1];

/** Of a few counters often, of `counterCount` and more at times. */
function randomRequests(below: Below, counterCount: number): LimitRequest[] {
  const mostly = <Value>(often: readonly Value[], rarely: readonly Value[]) =>
    one(below, below(12) === 0 ? rarely : often);
  const count = below(20) === 0 ? below(17) : 1 + below(4);
  return Array.from({ length: count }, () =>
    limit({
      workspaceId: mostly(['ws_1'], ['', 'ws_2']),
      scope: mostly(['requests'], ['tokens', '']),
      identifier: `${below(below(8) === 0 ? counterCount : 4)}`.padEnd(below(2) * 30, name),
      durationMs: mostly(durations, rareDurations),
      limit: mostly(limits, rareLimits),
      cost: mostly(costs, rareCosts),
    }),
  );
}

/** Forward by little or by windows, at times back: by an hour, as a clock that is set. */
function nextClock(below: Below, clockMs: number): number {
  const kind = below(400);
  if (kind === 0) return clockMs - below(3_600_000);
  if (kind === 1) return clockMs + below(3_600_000);
  return clockMs + (kind < 100 ? below(2500) : below(30));
}

function assertSameCounts({ files }: Sides, step: number): void {
  const [one, other] = files.map((words) => words.subarray(gateAt(0)));
  assert.ok(one && other);
  const difference = one.findIndex((word, at) => word !== other[at]);
  assert.equal(difference, -1, `step ${step}: word ${difference} of the buckets`);
  assert.equal(files[0]?.[headerSpareAt], files[1]?.[headerSpareAt]);
}

for (const bucketCount of [2, 3, 20, 1000]) {
  for (const seed of [1, 2, Date.now() % 2 ** 31]) {
    const title = `${bucketCount} buckets, seed ${seed}`;
    test(`takes by both sides in turn are judged as by one alone (${title})`, () => {
      const sides = newSides(bucketCount);
      const below = random(seed);
      const { expected, table, native, other } = sides;
      let clockMs = start;
      for (let step = 0; step < 4000; step += 1) {
        clockMs = nextClock(below, clockMs);
        sides.setClock(clockMs);
        // Some callers come late with their time.
        const nowMs = below(10) === 0 ? clockMs - below(30_000) : clockMs;
        const requests = randomRequests(below, bucketCount * 8);
        const side = one<NativeWindows | WindowTable>(below, [table, native, other]);
        const verdicts = side.takeAll(requests, nowMs);
        assert.deepEqual(verdicts, expected.takeAll(requests, nowMs), `step ${step}`);
        if (step % 100 === 0) assertSameCounts(sides, step);
      }
      assertSameCounts(sides, 4000);
    });
  }
}

test('names of any length address the same counter from both sides', () => {
  const { table, native } = newSides(300);
  for (let length = 0; length < 80; length += 1) {
    const request = limit({
      workspaceId: name.slice(0, length % 7),
      scope: name.slice(length),
      identifier: name.slice(0, length),
    });
    assert.equal(table.takeAll([request], start)[0]?.remaining, 9);
    assert.equal(native.takeAll([request], start)[0]?.remaining, 8);
  }
});

test('without a clock that is set, a late caller is counted in the present', () => {
  const { table } = newSides(2);
  const durationMs = 2 ** 42;
  const [verdict] = openNativeWindows(table).takeAll([limit({ durationMs })], 0);
  assert.equal(verdict?.resetAtMs, (Math.floor(Date.now() / durationMs) + 1) * durationMs);
});

test('a change that the other side leaves undecided is undone, a decided one finished', () => {
  const { table, native, files } = newSides(2);
  const words = files[1] as BigInt64Array;
  const requests = ['one', 'two'].map((identifier) => limit({ identifier }));
  const remaining = () => native.takeAll(requests, start).map((verdict) => verdict.remaining);
  assert.deepEqual(remaining(), [9, 9]);
  const currentAts = slotsInUse(words).map((slot) => recordAt(slot) + 2) as [number, number];
  const change = new SharedWords(words, seatsAt, 200);
  const hold = () => {
    change.begin();
    for (const [entry, at] of currentAts.entries()) {
      const before = change.hold(at);
      change.put(entry, packWord(wordLabel(before), 5));
    }
  };
  hold();
  assert.deepEqual(remaining(), [8, 8]);
  assert.equal(change.commit(), false);
  hold();
  const marks = currentAts.map((at) => words[at] as bigint);
  assert.equal(change.commit(), true);
  // As if its process had been killed right after the decision.
  for (const [entry, at] of currentAts.entries()) words[at] = marks[entry] as bigint;
  assert.deepEqual(remaining(), [4, 4]);
  assert.equal(table.takeAll(requests, start)[0]?.remaining, 3);
});

test('both sides of a seat take turns that it has not had yet', () => {
  const { table, native, files } = newSides(2);
  const statusAt = seatsAt + table.memory.seat * seatWords + 1;
  const requests = ['one', 'two'].map((identifier) => limit({ identifier }));
  for (const side of [native, table, native, native, table, table, native]) {
    const before = files[1]?.[statusAt] as bigint;
    side.takeAll(requests, start);
    assert.ok((files[1]?.[statusAt] as bigint) >> 2n > before >> 2n);
  }
});

test('a slot that a crash of the machine left in pieces is cleared, not stumbled over', () => {
  const { native, files } = newSides(2);
  const words = files[1] as BigInt64Array;
  const remaining = () => native.takeAll([limit()], start)[0]?.remaining;
  assert.equal(remaining(), 9);
  const currentAt = recordAt(slotsInUse(words)[0] as number) + 2;
  // A label that does not fit the slot's window, then a mark that no seat knows of.
  for (const wrong of [packWord(1, 5), joinWord(12_345, -(2 ** 31))]) {
    words[currentAt] = wrong;
    assert.equal(remaining(), 9);
    assert.equal(remaining(), 8);
  }
});

const forever = 1e9;
const sum = (numbers: readonly number[]) => numbers.reduce((total, part) => total + part, 0);

/** Who takes, of the hammers in turn. */
const takers = [{}, { by: 'native' }, { by: 'both' }, { by: 'native' }] as const;

async function startHammers(count: number): Promise<[Hammers, WindowTable]> {
  const hammers = new Hammers(start);
  const table = new WindowTable(hammers.paths.windows, () => start);
  after(async () => {
    table.close();
    await hammers.end();
  });
  for (let number = 0; number < count; number += 1) await hammers.start(number);
  return [hammers, table];
}

function usedOf(table: WindowTable, request: LimitRequest, nowMs = start): number {
  return request.limit - table.take({ ...request, cost: 0 }, nowMs).remaining;
}

test('processes of both sides that hammer one limit of N admit exactly N', async () => {
  const [hammers, table] = await startHammers(takers.length);
  for (let run = 0; run < 60; run += 1) {
    // Of ten counters in turn: some runs begin with a new one, others with one to be moved on.
    const request = limit({ identifier: `counter ${run % 10}`, limit: 500 });
    hammers.setClock(run * 20_000);
    const order = { kind: 'take', choices: [[request]], turns: 400 } as const;
    const tallies = await hammers.race(takers.map((taker) => ({ ...order, ...taker })));
    assert.equal(sum(tallies.flat()), 500, `run ${run}`);
    assert.equal(usedOf(table, request, start + run * 20_000), 500);
  }
});

test('limits taken together and alone by processes of both sides are counted exactly', async () => {
  const [hammers, table] = await startHammers(takers.length);
  for (let run = 0; run < 30; run += 1) {
    const [first, second, third] = [
      limit({ identifier: `first ${run}`, limit: 300 }),
      limit({ identifier: `second ${run}`, limit: 200, cost: 3 }),
      limit({ identifier: `third ${run}`, limit: 250, cost: 2 }),
    ];
    const choices = [[first, second, third], [third, first], [second, first], [first]];
    const order = { kind: 'take', choices, turns: 500 } as const;
    const tallies = await hammers.race(takers.map((taker) => ({ ...order, ...taker })));
    const admitted = choices.map((_, choice) => sum(tallies.map((tally) => tally[choice] ?? 0)));
    for (const request of [first, second, third]) {
      const counts = admitted.filter((_, choice) => choices[choice]?.includes(request));
      assert.equal(usedOf(table, request), sum(counts) * request.cost, `run ${run}`);
    }
    assert.equal(usedOf(table, first), 300, 'the only one that is also taken alone fills up');
  }
});

test('processes of both sides that come upon new counters give each of them one slot', async () => {
  const [hammers, table] = await startHammers(takers.length);
  const newCount = 200;
  for (let run = 0; run < 60; run += 1) {
    // Each run finds the slots of the run before last free again.
    hammers.setClock(run * 10_000);
    const choices = Array.from({ length: newCount }, (_, item) => [
      limit({ identifier: `${run} ${item}`, limit: 1 }),
    ]);
    const order = { kind: 'take', choices, turns: newCount } as const;
    const tallies = await hammers.race(takers.map((taker) => ({ ...order, ...taker })));
    assert.equal(sum(tallies.flat()), newCount, `run ${run}`);
  }
  assert.equal(table.occupancy(start + 59 * 10_000).usedCount, 2 * newCount);
});

test('processes of both sides killed in mid-take block nobody and admit no more', async () => {
  const victimCount = 12;
  const [hammers, table] = await startHammers(victimCount);
  const native = openNativeWindows(table);
  native.setClock(start);
  const long = { durationMs: 60_000, limit: 1e9 };
  const together = ['a', 'b', 'c'].map((identifier) => limit({ identifier, ...long }));
  // Windows of a second, which pass while the hammers run: so it is not only counting that is cut
  // off, but also giving out slots and moving them to the next window.
  const short = ['d', 'e', 'f'].map((identifier) =>
    limit({ identifier, durationMs: 1000, limit: 50 }),
  );
  const order = { kind: 'take', choices: [together, short], turns: forever } as const;
  const release = (victim: number) =>
    hammers.release(victim, { ...order, ...takers[victim % takers.length] });
  let ownCount = 0;
  release(0);
  for (let victim = 0; victim < victimCount; victim += 1) {
    if (victim + 1 < victimCount) release(victim + 1);
    hammers.setClock(victim * 700);
    await hammers.waitForProgressOf(victim);
    await sleep(Math.random() * 20);
    hammers.stop(victim);
    for (let turn = 0; turn < 10; turn += 1) {
      const verdicts = (turn % 2 === 0 ? native : table).takeAll(together, start);
      assert.equal(verdicts.filter((verdict) => verdict.exceeded).length, 0);
      ownCount += 1;
    }
    await hammers.kill(victim);
  }
  const used = together.map((request) => usedOf(table, request));
  assert.equal(new Set(used).size, 1, `all of them or none: ${used}`);
  const unanswered = (used[0] as number) - hammers.admitted(0, 0) - ownCount;
  assert.ok(unanswered >= 0 && unanswered <= victimCount, `${unanswered} takes lost their answer`);
  for (let window = 0; window < 20; window += 1) {
    assert.ok(hammers.admitted(1, window) <= 50, `window ${window}`);
  }
  assert.ok(hammers.admitted(1, 0) > 0);
});

function slotsInUse(words: BigInt64Array): number[] {
  return Array.from({ length: 14 }, (_, slot) => slot).filter((slot) => words[tagAt(slot)]);
}
