import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LimitRequest, WindowTable } from '../../src/limits/window-table.ts';
import { Hammers } from './hammers.ts';

const baseMs = 1_800_000_000_000;
const hammerCount = 4;
const forever = 1e9;

async function startHammers(count = hammerCount): Promise<[Hammers, WindowTable]> {
  const hammers = new Hammers(baseMs);
  const table = new WindowTable(hammers.paths.windows, () => baseMs);
  after(async () => {
    table.close();
    await hammers.end();
  });
  for (let number = 0; number < count; number += 1) await hammers.start(number);
  return [hammers, table];
}

function limit(identifier: string, max: number, part: Partial<LimitRequest> = {}): LimitRequest {
  return {
    workspaceId: 'ws_1',
    scope: 'requests',
    identifier,
    durationMs: 60_000,
    limit: max,
    cost: 1,
    ...part,
  };
}

function usedOf(table: WindowTable, request: LimitRequest, nowMs = baseMs): number {
  return request.limit - table.take({ ...request, cost: 0 }, nowMs).remaining;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

test('four processes hammering one limit of N admit exactly N, in 100 of 100 runs', async () => {
  const [hammers, table] = await startHammers();
  for (let run = 0; run < 100; run += 1) {
    // Of ten counters in turn: some runs begin with a new one, others with one to be moved on.
    const request = limit(`counter ${run % 10}`, 500);
    hammers.setClock(run * 120_000);
    const order = { kind: 'take', choices: [[request]], turns: 400 } as const;
    const tallies = await hammers.race(Array(hammerCount).fill(order));
    assert.equal(sum(tallies.flat()), 500, `run ${run}`);
    assert.equal(usedOf(table, request, baseMs + run * 120_000), 500);
  }
});

test('limits taken together and alone by four processes are counted exactly', async () => {
  const [hammers, table] = await startHammers();
  for (let run = 0; run < 30; run += 1) {
    const one = limit(`one ${run}`, 300);
    const two = limit(`two ${run}`, 200, { cost: 3 });
    const three = limit(`three ${run}`, 250, { cost: 2 });
    const choices = [[one, two, three], [three, one], [two, one], [one], [three, two]];
    const order = { kind: 'take', choices, turns: 500 } as const;
    const tallies = await hammers.race(Array(hammerCount).fill(order));
    const admitted = choices.map((_, choice) => sum(tallies.map((tally) => tally[choice] ?? 0)));
    for (const request of [one, two, three]) {
      const counts = admitted.filter((_, choice) => choices[choice]?.includes(request));
      const used = usedOf(table, request);
      assert.equal(used, sum(counts) * request.cost, `run ${run}`);
      assert.ok(used <= request.limit);
    }
    assert.equal(usedOf(table, one), 300, 'the only one that is also taken alone, by 1, fills up');
  }
});

test('four processes that come upon the same new counters give each of them one slot', async () => {
  const [hammers, table] = await startHammers();
  const newCount = 200;
  for (let run = 0; run < 100; run += 1) {
    // Each run finds the slots of the run before last free again.
    hammers.setClock(run * 60_000);
    const choices = Array.from({ length: newCount }, (_, item) => [limit(`${run} ${item}`, 1)]);
    const order = { kind: 'take', choices, turns: newCount } as const;
    const tallies = await hammers.race(Array(hammerCount).fill(order));
    assert.equal(sum(tallies.flat()), newCount, `run ${run}`);
  }
  assert.equal(table.occupancy(baseMs + 99 * 60_000).usedCount, 2 * newCount);
});

test('processes stopped and killed in mid-take block nobody and admit no more', async () => {
  const victimCount = 12;
  const [hammers, table] = await startHammers(victimCount);
  const together = ['a', 'b', 'c'].map((name) => limit(name, 1e9));
  // Windows of a second, which pass while the hammers run: so it is not only counting that is cut
  // off, but also giving out slots and moving them to the next window.
  const short = [0, 1, 2].map((name) => limit(`short ${name}`, 50, { durationMs: 1000 }));
  const order = { kind: 'take', choices: [together, short], turns: forever } as const;
  let ownCount = 0;
  hammers.release(0, order);
  for (let victim = 0; victim < victimCount; victim += 1) {
    if (victim + 1 < victimCount) hammers.release(victim + 1, order);
    hammers.setClock(victim * 700);
    await hammers.waitForProgressOf(victim);
    await sleep(Math.random() * 20);
    hammers.stop(victim);
    for (let turn = 0; turn < 10; turn += 1) {
      const verdicts = table.takeAll(together, baseMs);
      assert.equal(verdicts.filter((verdict) => verdict.exceeded).length, 0);
      ownCount += 1;
    }
    await hammers.kill(victim);
  }
  const used = together.map((request) => usedOf(table, request));
  assert.equal(new Set(used).size, 1, `all of them or none: ${used}`);
  const answered = hammers.admitted(0, 0) + ownCount;
  const unanswered = (used[0] as number) - answered;
  assert.ok(unanswered >= 0 && unanswered <= victimCount, `${unanswered} takes lost their answer`);
  for (let window = 0; window < 20; window += 1) {
    assert.ok(hammers.admitted(1, window) <= 50, `window ${window}`);
  }
  assert.ok(hammers.admitted(1, 0) > 0);
});
