/**
 * 64-bit words in memory shared by processes, changed by nobody but whole: one with `replace`,
 * several at one instant with `begin`, `hold`…, `put`…, `commit`.
 *
 * A process may be killed or stopped between any two instructions, so there is no lock whose owner
 * others would have to wait for. `hold` puts a mark (a negative word) in the place of the value;
 * the mark names the holder's seat, where the values before and after are written. Whoever meets a
 * mark looks at the status in that seat: committed means the value after, aborted the value before,
 * and either way it takes the mark away itself. One that stays undecided for 160 µs (its process is
 * dead, stopped or out of CPU) is aborted by whoever meets it: its holder finds out at `commit` and
 * starts over. So a change happens wholly or not at all, whichever process dies when, and no state
 * of one process can stop another.
 *
 * Every change of a marked word is a compare-exchange against that very mark. A mark carries its
 * holder's turn (30 bits), and no turn begins before all marks of the last are gone.
 */
import { assert } from '../lib/assert.ts';

/** How many words one change may hold. */
export const heldWordsMax = 256;
/** Owner, status, and where, before and after of each held word; ends on a cache line. */
export const seatWords = 2 + 3 * heldWordsMax + 6;
export const seatCount = 256;

const undecided = 0;
const committed = 1;
const aborted = 2;
const turnMask = 2 ** 30 - 1;
/** About 160 µs: three times what 256 words need, far less than a time slice. */
const patienceSpins = 16_384;

export class SharedWords {
  readonly #words: BigInt64Array;
  readonly #halves: Int32Array;
  readonly #seatsAt: number;
  readonly #seat: number;
  readonly #statusAt: number;
  readonly #scratch = new BigInt64Array(1);
  readonly #scratchHalves = new Int32Array(this.#scratch.buffer);
  /** Of the change under way. */
  #turn = 0;
  #held = 0;

  /**
   * `seat` must belong to this object (see writer-seat.ts), or to it and native/shared-words.c on
   * the same thread, which never begins a change while one of this object is under way.
   */
  constructor(words: BigInt64Array, seatsAt: number, seat: number) {
    this.#words = words;
    this.#halves = new Int32Array(words.buffer, words.byteOffset, words.length * 2);
    this.#seatsAt = seatsAt;
    this.#seat = seat;
    this.#statusAt = this.#seatAt(seat) * 2 + 2;
    this.#settleLeftovers();
  }

  /** The value of a word. Waits 160 µs at most for a change under way. */
  read(at: number): bigint {
    for (;;) {
      const word = Atomics.load(this.#words, at);
      if (word >= 0n) return word;
      this.#settle(at, word);
    }
  }

  /** Stores `after` if the word is still `before`; one atomic operation. */
  replace(at: number, before: bigint, after: bigint): boolean {
    return Atomics.compareExchange(this.#words, at, before, after) === before;
  }

  /** Starts a change of several words. Until `commit` or `abort`, no other may be started. */
  begin(): void {
    // The last turn of the seat, whoever of the two took it.
    const lastTurn = Atomics.load(this.#halves, this.#statusAt) >>> 2;
    this.#turn = (lastTurn + 1) & turnMask;
    this.#held = 0;
    Atomics.store(this.#halves, this.#statusAt, (this.#turn << 2) | undecided);
  }

  /**
   * Keeps a word as it is until `commit` or `abort` and gives its value. A word may be held once in
   * a change. Changes that hold the same words in the same order do not wait for each other in a
   * circle.
   */
  hold(at: number): bigint {
    assert(this.#held < heldWordsMax, 'too many words in one change');
    const entryAt = this.#entryAt(this.#seat, this.#held);
    const mark = this.#mark(this.#held);
    this.#halves[entryAt * 2] = at;
    for (;;) {
      const value = this.read(at);
      this.#words[entryAt + 1] = value;
      this.#words[entryAt + 2] = value;
      if (!this.replace(at, value, mark)) continue;
      this.#held += 1;
      return value;
    }
  }

  /** The new value of the word that was held as the `entry`th, counted from 0. */
  put(entry: number, after: bigint): void {
    this.#words[this.#entryAt(this.#seat, entry) + 2] = after;
  }

  /** False: somebody lost patience with this change; nothing of it has happened. */
  commit(): boolean {
    return this.#decide(committed);
  }

  abort(): void {
    this.#decide(aborted);
  }

  #decide(decision: number): boolean {
    const before = (this.#turn << 2) | undecided;
    const after = (this.#turn << 2) | decision;
    const found = Atomics.compareExchange(this.#halves, this.#statusAt, before, after);
    const done = found === before && decision === committed;
    for (let entry = 0; entry < this.#held; entry += 1) {
      const entryAt = this.#entryAt(this.#seat, entry);
      const value = this.#words[entryAt + (done ? 2 : 1)] as bigint;
      this.replace(this.#halves[entryAt * 2] as number, this.#mark(entry), value);
    }
    return done;
  }

  /** Afterwards the word at `at` is no longer `mark`. */
  #settle(at: number, mark: bigint): void {
    this.#scratch[0] = mark;
    const turn = this.#scratchHalves[0] as number;
    const place = this.#scratchHalves[1] as number;
    const seat = (place >>> 8) & (seatCount - 1);
    const statusAt = this.#seatAt(seat) * 2 + 2;
    const open = (turn << 2) | undecided;
    for (let spins = 0; ; spins += 1) {
      const status = Atomics.load(this.#halves, statusAt);
      if (status === open) {
        if (spins < patienceSpins) continue;
        Atomics.compareExchange(this.#halves, statusAt, open, (turn << 2) | aborted);
      } else if (status >>> 2 === turn) {
        const entryAt = this.#entryAt(seat, place & (heldWordsMax - 1));
        const valueAt = entryAt + ((status & 3) === committed ? 2 : 1);
        this.replace(at, mark, Atomics.load(this.#words, valueAt));
        return;
      } else {
        // A later turn: the mark went before it began. A mark that is there all the same was
        // written before a crash of the machine that lost its seat: nobody knows the value.
        this.replace(at, mark, 0n);
        return;
      }
    }
  }

  /** Takes the marks away that a killed process left behind in this seat. */
  #settleLeftovers(): void {
    for (let entry = 0; entry < heldWordsMax; entry += 1) {
      const at = this.#halves[this.#entryAt(this.#seat, entry) * 2] as number;
      if (at > 0 && at < this.#words.length) this.read(at);
    }
  }

  #mark(entry: number): bigint {
    this.#scratchHalves[0] = this.#turn;
    this.#scratchHalves[1] = 0x80000000 | (this.#seat << 8) | entry;
    return this.#scratch[0] as bigint;
  }

  #seatAt(seat: number): number {
    return this.#seatsAt + seat * seatWords;
  }

  #entryAt(seat: number, entry: number): number {
    return this.#seatAt(seat) + 2 + entry * 3;
  }
}
