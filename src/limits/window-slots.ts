/**
 * The slots of a table of windows: finding a counter's, giving it one, moving it to the present,
 * adding to it. What is decided here holds for all processes at once; what to decide is for
 * window-table.ts.
 */
import type { SharedWords } from './shared-words.ts';
import type { TableFile } from './table-file.ts';
import type { WindowCounter } from './window-counter.ts';
import {
  firstBucket,
  gateAt,
  recordAt,
  secondBucket,
  slotsPerBucket,
  tagAt,
} from './window-layout.ts';
import { joinWord, labelMask, packWord, wordLabel, wordValue } from './word.ts';

/** Reads that do not fit together, before the slot is taken for damaged; one roll explains one. */
const mismatchMax = 1000;

export class WindowSlots {
  readonly #words: SharedWords;
  readonly #halves: Int32Array;
  readonly #bucketCount: number;
  readonly #clock: () => number;

  /** `words` guards those of `table`; `clock` gives the present in Unix ms. */
  constructor(words: SharedWords, table: TableFile, clock: () => number) {
    this.#words = words;
    this.#halves = new Int32Array(table.words.buffer);
    this.#bucketCount = table.bucketCount;
    this.#clock = clock;
  }

  /** Brings `counter` to what the table says of it at `nowMs`. */
  load(counter: WindowCounter, nowMs: number): void {
    for (let tries = 0; ; tries += 1) {
      counter.slot = this.#find(counter);
      if (counter.slot < 0) {
        counter.seeNothing(nowMs);
        return;
      }
      const recordStart = recordAt(counter.slot);
      const previous = wordValue(this.#words.read(recordStart + 1));
      const currentWord = this.#words.read(recordStart + 2);
      counter.currentWord = currentWord;
      // Read in this order, the three belong together if the label fits and the slot is still ours.
      if (!this.#isCurrent(counter, currentWord)) {
        if (tries > mismatchMax) this.#clear(counter);
        continue;
      }
      if (this.#isFromAFuture(counter, nowMs)) {
        this.#moveBack(counter);
        continue;
      }
      counter.see(wordValue(currentWord), previous, nowMs);
      return;
    }
  }

  /** Counts the counter's cost; false if the slot has changed since `load`. */
  add(counter: WindowCounter): boolean {
    const after = packWord(
      wordLabel(counter.currentWord),
      wordValue(counter.currentWord) + counter.cost,
    );
    return this.#words.replace(recordAt(counter.slot) + 2, counter.currentWord, after);
  }

  /**
   * Counts the costs of all at one instant; false, and none is counted, if the slots have changed
   * since `load` so that they do not all fit any more, or if another process lost patience.
   */
  addAll(counters: readonly WindowCounter[]): boolean {
    this.#words.begin();
    for (let entry = 0; entry < counters.length; entry += 1) {
      const counter = counters[entry] as WindowCounter;
      const held = this.#words.hold(recordAt(counter.slot) + 2);
      const current = wordValue(held);
      const fits =
        this.#isCurrent(counter, held) && counter.usedWith(current) + counter.cost <= counter.limit;
      if (!fits) {
        this.#words.abort();
        return false;
      }
      counter.current = current;
      this.#words.put(entry, packWord(wordLabel(held), current + counter.cost));
    }
    return this.#words.commit();
  }

  /** Moves a slot that is behind to the counter's window. To be followed by another `load`. */
  roll(counter: WindowCounter): void {
    const { slotSequence, sequence } = counter;
    this.#change(counter, (current) => ({
      sequence,
      current: 0,
      previous: sequence - slotSequence === 1 ? current : 0,
    }));
  }

  /**
   * Gives the counter a slot, in the present window and with nothing counted. False: both of its
   * buckets are full of counters that still count. To be followed by another `load`.
   */
  claim(counter: WindowCounter, nowMs: number): boolean {
    const first = firstBucket(counter.tagLow, this.#bucketCount);
    for (;;) {
      // Not the caller's time if that is long past: its window may have been counted elsewhere and
      // be forgotten by now.
      const presentMs = Math.max(nowMs, this.#clock());
      this.#words.begin();
      // One at a time: else two would give the same counter two slots.
      this.#words.hold(gateAt(first));
      const hasOne = this.#find(counter) >= 0;
      const free = hasOne ? -1 : this.#findFree(counter, presentMs);
      if (free < 0) {
        this.#words.abort();
        return hasOne;
      }
      if (this.#take(free, counter, presentMs)) return true;
    }
  }

  /** Slots whose counters still count at `nowMs`. Reads the whole table. */
  countUsed(nowMs: number): number {
    let used = 0;
    for (let slot = 0; slot < this.#bucketCount * slotsPerBucket; slot += 1) {
      if (!this.#isFree(slot, nowMs)) used += 1;
    }
    return used;
  }

  /** The second half of `claim`, with the gate held. */
  #take(slot: number, counter: WindowCounter, nowMs: number): boolean {
    const recordStart = recordAt(slot);
    const tag = this.#words.hold(tagAt(slot));
    const endsAtMs = wordValue(this.#words.hold(recordStart));
    this.#words.hold(recordStart + 1);
    this.#words.hold(recordStart + 2);
    if (tag !== 0n && endsAtMs > nowMs) {
      this.#words.abort();
      return false;
    }
    const sequence = Math.floor(nowMs / counter.durationMs);
    this.#words.put(1, joinWord(counter.tagLow, counter.tagHigh));
    this.#words.put(2, packWord(counter.tagExtra, counter.endsAtMs(sequence)));
    this.#words.put(3, 0n);
    this.#words.put(4, packWord(sequence & labelMask, 0));
    return this.#words.commit();
  }

  #change(
    counter: WindowCounter,
    next: (
      current: number,
      previous: number,
    ) => {
      sequence: number;
      current: number;
      previous: number;
    },
  ): void {
    const recordStart = recordAt(counter.slot);
    this.#words.begin();
    const tag = this.#words.hold(tagAt(counter.slot));
    this.#words.hold(recordStart);
    const previous = this.#words.hold(recordStart + 1);
    const current = this.#words.hold(recordStart + 2);
    const same =
      tag === joinWord(counter.tagLow, counter.tagHigh) &&
      wordLabel(current) === (counter.slotSequence & labelMask);
    if (!same) {
      this.#words.abort();
      return;
    }
    const after = next(wordValue(current), wordValue(previous));
    this.#words.put(1, packWord(counter.tagExtra, counter.endsAtMs(after.sequence)));
    this.#words.put(2, packWord(0, after.previous));
    this.#words.put(3, packWord(after.sequence & labelMask, after.current));
    this.#words.commit();
  }

  /** The slot that bears the counter's tag, or -1; with the window that it has come to. */
  #find(counter: WindowCounter): number {
    const first = firstBucket(counter.tagLow, this.#bucketCount);
    const slot = this.#findIn(first, counter);
    if (slot >= 0) return slot;
    return this.#findIn(secondBucket(counter.tagLow, counter.tagHigh, this.#bucketCount), counter);
  }

  #findIn(bucket: number, counter: WindowCounter): number {
    for (let slot = bucket * slotsPerBucket; slot < (bucket + 1) * slotsPerBucket; slot += 1) {
      if (!this.#bears(slot, counter) && !this.#bearsBehindMark(slot, counter)) continue;
      const ends = this.#words.read(recordAt(slot));
      if (wordLabel(ends) !== counter.tagExtra) continue;
      counter.slotSequence = wordValue(ends) / counter.durationMs - 2;
      return slot;
    }
    return -1;
  }

  /** Plain reads: they come after the atomic one before them, on every processor. */
  #bears(slot: number, counter: WindowCounter): boolean {
    const at = tagAt(slot) * 2;
    return this.#halves[at] === counter.tagLow && this.#halves[at + 1] === counter.tagHigh;
  }

  /** To overlook the counter's slot while somebody changes it would mean to give it a second. */
  #bearsBehindMark(slot: number, counter: WindowCounter): boolean {
    const high = this.#halves[tagAt(slot) * 2 + 1] as number;
    if (high >= 0 && high !== counter.tagHigh) return false;
    return this.#words.read(tagAt(slot)) === joinWord(counter.tagLow, counter.tagHigh);
  }

  #isCurrent(counter: WindowCounter, currentWord: bigint): boolean {
    const label = counter.slotSequence & labelMask;
    return wordLabel(currentWord) === label && this.#bears(counter.slot, counter);
  }

  /** By more than a window, and not because the caller is late: the clock was set back. */
  #isFromAFuture(counter: WindowCounter, nowMs: number): boolean {
    const { slotSequence, durationMs } = counter;
    if (slotSequence <= nowMs / durationMs + 1) return false;
    return slotSequence > this.#clock() / durationMs + 1;
  }

  /** What was counted in the future counts in the present: nothing is forgotten, nothing stuck. */
  #moveBack(counter: WindowCounter): void {
    const sequence = Math.floor(this.#clock() / counter.durationMs);
    this.#change(counter, (current, previous) => ({ sequence, current, previous }));
  }

  /** A slot whose words do not fit together, as a crash of the machine can leave it. */
  #clear(counter: WindowCounter): void {
    const recordStart = recordAt(counter.slot);
    this.#words.begin();
    const tag = this.#words.hold(tagAt(counter.slot));
    const ends = this.#words.hold(recordStart);
    this.#words.hold(recordStart + 1);
    const current = this.#words.hold(recordStart + 2);
    const sequence = wordValue(ends) / counter.durationMs - 2;
    const isOurs = tag === joinWord(counter.tagLow, counter.tagHigh);
    if (!isOurs || wordLabel(current) === (sequence & labelMask)) {
      this.#words.abort();
      return;
    }
    for (let entry = 0; entry < 4; entry += 1) this.#words.put(entry, 0n);
    this.#words.commit();
  }

  /** The first free slot in the emptier of the two buckets, or -1. */
  #findFree(counter: WindowCounter, nowMs: number): number {
    const { tagLow, tagHigh } = counter;
    let best = -1;
    let bestCount = 0;
    for (const bucket of [
      firstBucket(tagLow, this.#bucketCount),
      secondBucket(tagLow, tagHigh, this.#bucketCount),
    ]) {
      let count = 0;
      let firstFree = -1;
      for (let place = slotsPerBucket - 1; place >= 0; place -= 1) {
        const slot = bucket * slotsPerBucket + place;
        if (!this.#isFree(slot, nowMs)) continue;
        count += 1;
        firstFree = slot;
      }
      if (count > bestCount) {
        best = firstFree;
        bestCount = count;
      }
    }
    return best;
  }

  #isFree(slot: number, nowMs: number): boolean {
    if (this.#words.read(tagAt(slot)) === 0n) return true;
    return wordValue(this.#words.read(recordAt(slot))) <= nowMs;
  }
}
