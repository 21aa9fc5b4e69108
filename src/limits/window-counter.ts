import type { KeyedTag } from './keyed-tag.ts';

/** The shortest window, and the longest: far from where instants stop being exact. */
export const durationMinMs = 1000;
export const durationMaxMs = 2 ** 50;

/**
 * One counter while a request is decided: whom it counts for, what the request wants of it, and
 * what was read of it last. Its state is that of the two-cell window: `current` and `previous` as
 * they are at `nowMs`, whatever the slot in the table has come to.
 */
export class WindowCounter {
  tagLow = 0;
  tagHigh = 0;
  tagExtra = 0;
  durationMs = durationMinMs;
  /** What the request's items take of this counter together. */
  cost = 0;
  /** The smallest limit among them. */
  limit = 0;

  /** The counter's slot, or -1 while it has none. */
  slot = -1;
  /** The number of the window that the slot has come to, and the word of its count. */
  slotSequence = 0;
  currentWord = 0n;
  /** The number of the window that counts: never one before the slot's. */
  sequence = 0;
  current = 0;
  previous = 0;
  /** How much of the window is still to come. */
  remainingMs = 0;

  aim(tag: KeyedTag, durationMs: number): void {
    this.tagLow = tag.low;
    this.tagHigh = tag.high;
    this.tagExtra = tag.extra;
    this.durationMs = durationMs;
    this.cost = 0;
    this.limit = Number.MAX_SAFE_INTEGER;
    this.slot = -1;
  }

  isSameAs(other: WindowCounter): boolean {
    return (
      this.tagLow === other.tagLow &&
      this.tagHigh === other.tagHigh &&
      this.tagExtra === other.tagExtra &&
      this.durationMs === other.durationMs
    );
  }

  /** As if nothing had ever been counted. */
  seeNothing(nowMs: number): void {
    this.slot = -1;
    this.sequence = Math.floor(nowMs / this.durationMs);
    this.remainingMs = (this.sequence + 1) * this.durationMs - nowMs;
    this.current = 0;
    this.previous = 0;
  }

  /**
   * The slot's counts, moved on to `nowMs`. If the slot is ahead, the caller is late (it took its
   * time, was delayed, and another has come to the next window since): it counts as if it came at
   * the first instant of the slot's window, where the window before still weighs in full.
   */
  see(current: number, previous: number, nowMs: number): void {
    const sequence = Math.floor(nowMs / this.durationMs);
    if (sequence < this.slotSequence) {
      this.sequence = this.slotSequence;
      this.remainingMs = this.durationMs;
    } else {
      this.sequence = sequence;
      this.remainingMs = (sequence + 1) * this.durationMs - nowMs;
    }
    const passed = this.sequence - this.slotSequence;
    this.current = passed === 0 ? current : 0;
    this.previous = passed === 0 ? previous : passed === 1 ? current : 0;
  }

  /** Whether the slot must be moved to the present window before one can count in it. */
  get isBehind(): boolean {
    return this.slotSequence < this.sequence;
  }

  /** count[seq] + floor(count[seq-1] × (1 - elapsed)). */
  get used(): number {
    return this.usedWith(this.current);
  }

  usedWith(current: number): number {
    const { previous, remainingMs, durationMs } = this;
    if (previous === 0) return current;
    const product = previous * remainingMs;
    // The quotient of two exact integers has the right floor; past that, one of 16 digits will do.
    if (product <= Number.MAX_SAFE_INTEGER) return current + Math.floor(product / durationMs);
    return current + Math.floor(previous * (remainingMs / durationMs));
  }

  get resetAtMs(): number {
    return (this.sequence + 1) * this.durationMs;
  }

  /** The instant from which on a slot in `sequence` is of no use to anybody. */
  endsAtMs(sequence: number): number {
    return (sequence + 2) * this.durationMs;
  }
}
