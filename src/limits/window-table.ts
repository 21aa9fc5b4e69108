/**
 * Rate limits, counted exactly by all processes of a node together, in a file that they map. A take
 * makes no system call and waits for nobody. What was counted outlives every process.
 *
 * The algorithm is the two-cell sliding window over windows aligned to the Unix epoch:
 *
 *     used    = count[seq] + floor(count[seq - 1] × (1 - elapsed))
 *     allowed = used + cost <= limit, and then count[seq] += cost
 *
 * A refused take counts nothing; cost 0 looks without counting; a limit of 0 admits nothing at all,
 * not even that look. Counts and limits are exact to 2^53 - 1 (a higher limit is that), durations
 * from 1 s (a shorter one is that) to 2^50 ms.
 *
 * A process that is killed in a take has counted all of it or nothing. If all, nobody got the
 * answer: that errs to the side of admitting too little, and it is all that can be lost.
 *
 * When both buckets of a counter are full of counters that still count, it gets no slot and is
 * refused, with `isTableFull` in the verdict and a count in `occupancy`. The other ways out were to
 * evict the counter nearest to its end or to admit uncounted: with either, who can invent
 * identifiers can buy fresh quota. Counters that have their slot go on undisturbed; a full table is
 * too small for its load, and 37 bytes a slot are the price of a larger one.
 */
import { assert } from '../lib/assert.ts';
import { KeyedTag } from './keyed-tag.ts';
import { heldWordsMax, SharedWords } from './shared-words.ts';
import { headerSpareAt, openTableFile, type TableFile } from './table-file.ts';
import { durationMaxMs, durationMinMs, WindowCounter } from './window-counter.ts';
import { seatsAt, slotsPerBucket, windowTableKind } from './window-layout.ts';
import { WindowSlots } from './window-slots.ts';
import { claimSeat, releaseSeat } from './writer-seat.ts';

/** How many different counters one `takeAll` may address. */
export const countersPerTakeMax = heldWordsMax;

export type LimitRequest = {
  workspaceId: string;
  /** What the limit belongs to: a namespace's id, or the name of a key's limit. */
  scope: string;
  /** Whom it counts for: with workspace, scope and duration it makes the counter. */
  identifier: string;
  durationMs: number;
  /** Not part of the counter: with another limit the count goes on. */
  limit: number;
  /** A whole number from 0. */
  cost: number;
};

export type LimitVerdict = {
  exceeded: boolean;
  /** What may still be taken now; 0 if exceeded. */
  remaining: number;
  /** When the current window ends, Unix ms. */
  resetAtMs: number;
  /** Refused for want of a slot, not because of the limit. */
  isTableFull: boolean;
};

export type TableOccupancy = {
  slotCount: number;
  /** Slots of counters that still count. */
  usedCount: number;
  /** Takes that were refused for want of a slot, since the file was made. */
  refusedCount: number;
};

export class WindowTable {
  readonly #file: TableFile;
  readonly #seat: number;
  readonly #slots: WindowSlots;
  readonly #tag: KeyedTag;
  /** Used again by each take: what a take allocates is its verdicts. */
  readonly #counters: WindowCounter[] = [];
  /** Of the counters of this take, those that it takes something of. */
  readonly #spending: WindowCounter[] = [];

  /**
   * Opens the table that `prepareWindowTable` made. `clock` (Unix ms) is read again only where a
   * stale `nowMs` would do harm: to give out a slot, and to tell a late caller from a clock that
   * was set back.
   */
  constructor(path: string, clock: () => number = Date.now) {
    const file = openTableFile(path, windowTableKind);
    assert(file, `no table of windows at ${path}`);
    this.#file = file;
    file.load();
    this.#seat = claimSeat(file.words, seatsAt);
    const words = new SharedWords(file.words, seatsAt, this.#seat);
    this.#slots = new WindowSlots(words, file, clock);
    this.#tag = new KeyedTag(file.tagKey);
  }

  /**
   * What native/windows.c counts in: it may do so on this object's thread, under this object's
   * seat, until `close`. The buffer is the whole file.
   */
  get memory(): { buffer: ArrayBuffer; seat: number } {
    return { buffer: this.#file.words.buffer as ArrayBuffer, seat: this.#seat };
  }

  /** One limit. */
  take(request: LimitRequest, nowMs: number): LimitVerdict {
    const counter = this.#aim(request, 0);
    counter.cost = request.cost;
    for (;;) {
      this.#slots.load(counter, nowMs);
      const verdict = judge(request, counter);
      if (verdict.exceeded || counter.cost === 0) return verdict;
      if (isReady(counter)) {
        if (this.#slots.add(counter)) return verdict;
      } else if (!this.#makeReady(counter, nowMs)) {
        return this.#refuseForWantOfSlot(counter);
      }
    }
  }

  /**
   * All or nothing: if any of the limits would be exceeded, nothing is counted for any. Each
   * verdict is the item's own; in a refused request, an item that would have passed tells what
   * remains without this request. Items that address the same counter add up.
   */
  takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[] {
    const [first] = requests;
    if (first && requests.length === 1) return [this.take(first, nowMs)];
    const counterOf = this.#aimAll(requests);
    for (;;) {
      for (const counter of counterOf) this.#slots.load(counter, nowMs);
      const verdicts = judgeAll(requests, counterOf);
      if (this.#spending.length === 0 || verdicts.some(isExceeded)) return verdicts;
      if (this.#spending.every(isReady)) {
        if (this.#slots.addAll(this.#spending)) return verdicts;
        continue;
      }
      const slotless = this.#spending.find((counter) => !this.#makeReady(counter, nowMs));
      if (!slotless) continue;
      const refusal = this.#refuseForWantOfSlot(slotless);
      return requests.map((request, item) => {
        const counter = counterOf[item] as WindowCounter;
        return counter === slotless ? refusal : withdrawn(request, counter);
      });
    }
  }

  /** Reads the whole table: 10 ms for a quarter of a million slots. For metrics. */
  occupancy(nowMs: number): TableOccupancy {
    return {
      slotCount: this.#file.bucketCount * slotsPerBucket,
      usedCount: this.#slots.countUsed(nowMs),
      refusedCount: Number(Atomics.load(this.#file.words, headerSpareAt)),
    };
  }

  /** After this the table must not be used. */
  close(): void {
    releaseSeat(this.#file.words, seatsAt, this.#seat);
    this.#file.unmap();
  }

  #aim(request: LimitRequest, index: number): WindowCounter {
    assert(Number.isSafeInteger(request.cost) && request.cost >= 0, 'a cost is a count');
    const { workspaceId, scope, identifier } = request;
    const durationMs = Math.min(
      Math.max(Math.floor(request.durationMs), durationMinMs),
      durationMaxMs,
    );
    this.#tag.make(durationMs, workspaceId, scope, identifier);
    let counter = this.#counters[index];
    if (!counter) {
      counter = new WindowCounter();
      this.#counters.push(counter);
    }
    counter.aim(this.#tag, durationMs);
    return counter;
  }

  /** The counter of each request, one object for those that address the same. */
  #aimAll(requests: readonly LimitRequest[]): WindowCounter[] {
    const counterOf: WindowCounter[] = [];
    let count = 0;
    for (const request of requests) {
      const aimed = this.#aim(request, count);
      let index = 0;
      while (!aimed.isSameAs(this.#counters[index] as WindowCounter)) index += 1;
      const counter = this.#counters[index] as WindowCounter;
      counter.cost += request.cost;
      counter.limit = Math.min(counter.limit, request.limit);
      if (index === count) count += 1;
      counterOf.push(counter);
    }
    this.#listSpending(count);
    return counterOf;
  }

  /**
   * Of the first `count` counters, those that cost something, in the order of their tags: it is the
   * same in all processes, so those that take the same counters do not cross each other.
   */
  #listSpending(count: number): void {
    const list = this.#spending;
    list.length = 0;
    for (let index = 0; index < count; index += 1) {
      const counter = this.#counters[index] as WindowCounter;
      if (counter.cost === 0) continue;
      let place = list.length;
      for (; place > 0; place -= 1) {
        const before = list[place - 1] as WindowCounter;
        if (before.tagLow <= counter.tagLow) break;
        list[place] = before;
      }
      list[place] = counter;
    }
  }

  /** False: there is no slot for this counter. Otherwise it is to be loaded again. */
  #makeReady(counter: WindowCounter, nowMs: number): boolean {
    if (counter.slot < 0) return this.#slots.claim(counter, nowMs);
    if (counter.isBehind) this.#slots.roll(counter);
    return true;
  }

  #refuseForWantOfSlot(counter: WindowCounter): LimitVerdict {
    Atomics.add(this.#file.words, headerSpareAt, 1n);
    return { exceeded: true, remaining: 0, resetAtMs: counter.resetAtMs, isTableFull: true };
  }
}

function judge(request: LimitRequest, counter: WindowCounter): LimitVerdict {
  const limit = Math.min(request.limit, Number.MAX_SAFE_INTEGER);
  const usedAfter = counter.used + counter.cost;
  const exceeded = !(limit > 0 && usedAfter <= limit);
  return {
    exceeded,
    remaining: exceeded ? 0 : limit - usedAfter,
    resetAtMs: counter.resetAtMs,
    isTableFull: false,
  };
}

function judgeAll(
  requests: readonly LimitRequest[],
  counterOf: readonly WindowCounter[],
): LimitVerdict[] {
  const verdicts = requests.map((request, item) =>
    judge(request, counterOf[item] as WindowCounter),
  );
  if (!verdicts.some(isExceeded)) return verdicts;
  return requests.map((request, item) => withdrawn(request, counterOf[item] as WindowCounter));
}

/** An item's verdict in a request that is refused as a whole. */
function withdrawn(request: LimitRequest, counter: WindowCounter): LimitVerdict {
  const verdict = judge(request, counter);
  if (!verdict.exceeded) verdict.remaining += counter.cost;
  return verdict;
}

function isReady(counter: WindowCounter): boolean {
  return counter.slot >= 0 && !counter.isBehind;
}

function isExceeded(verdict: LimitVerdict): boolean {
  return verdict.exceeded;
}
