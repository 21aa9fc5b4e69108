/**
 * Leased credits, spent by all processes of a node out of a file that they map: one atomic
 * operation a spend, no system call, no waiting. Postgres holds the truth; of it the primary leases
 * a part of a key's credits to this node. The primary, and it alone, calls `reserve`, `grant`,
 * `takeBack` and `forget`; anybody spends.
 *
 * To lease n credits (also on top of an open lease):
 *   1. mark = reserve(key).
 *   2. One transaction: the key's credits less n, and in the lease's row (node, key) the total plus
 *      n, the last grant n, and the mark.
 *   3. grant(key, { amount: n, mark }).
 * To give back what is left (the lease lies idle, the key changes, the node stops):
 *   1. left = takeBack(key). From here on nobody spends of it.
 *   2. One transaction: delete the lease's row; if it was there, the key's credits plus left.
 *   3. forget(key).
 * At a start, for each row of this node: grant again with the row's last amount and mark. `granted`
 * or `repeated`: the lease stands. `closed`: a give-back was cut off, do it again from its step 1.
 * `lost`: the file is not the one that was granted into (see prepare-credit-table.ts); delete the
 * row and give nothing back. Then `forgetOthers` with the keys of the rows that are left.
 *
 * Whichever process is killed wherever, nothing is sold twice: credits leave Postgres before they
 * can be spent here, a repeated grant changes nothing, and what is left comes back only after
 * spending has stopped and only with the row. What a crash can cost: one spend of each killed
 * worker whose answer did not leave; and with the file (the machine crashed) what was left in the
 * leases.
 */
import { assert } from '../lib/assert.ts';
import {
  creditBuckets,
  creditsAt,
  creditTableKind,
  creditTagAt,
  isOpen,
  keysPerBucket,
  markAfterGrant,
  unleasedAt,
} from './credit-layout.ts';
import { KeyedTag } from './keyed-tag.ts';
import { openTableFile, type TableFile } from './table-file.ts';
import { joinWord, labelMask, packWord, wordLabel, wordValue } from './word.ts';

export type SpendResult = {
  /** `insufficient`: the lease has less than the cost, and nothing was spent. */
  outcome: 'spent' | 'insufficient' | 'no-lease';
  /** What this node's lease has left; 0 without a lease. */
  left: number;
  /**
   * What of the key's credits was leased to nobody when the primary last saw it; 0 without a lease.
   * With `left` it is all that remains, unless other nodes have spent or leased since.
   */
  unleased: number;
};

/** `unleased`: see SpendResult. */
export type Grant = { amount: number; mark: number; unleased?: number };
export type GrantResult = 'granted' | 'repeated' | 'closed' | 'lost';

/** Some ten microseconds, where the primary needs a hundredth of one. */
const grantWaitTriesMax = 1000;

export class CreditTable {
  readonly #file: TableFile;
  readonly #words: BigInt64Array;
  readonly #tag: KeyedTag;

  /** Opens the table that `prepareCreditTable` made. */
  constructor(path: string) {
    const file = openTableFile(path, creditTableKind);
    assert(file, `no table of credits at ${path}`);
    this.#file = file;
    file.load();
    this.#words = file.words;
    this.#tag = new KeyedTag(file.tagKey);
  }

  /** Takes `cost` off what is left, if that is enough; cost 0 only tells what is left. */
  spend(keyId: string, cost: number): SpendResult {
    assert(Number.isSafeInteger(cost) && cost >= 0, 'a cost is a count');
    const tag = this.#tagOf(keyId);
    const slot = this.#find(tag);
    if (slot < 0) return { outcome: 'no-lease', left: 0, unleased: 0 };
    const at = creditsAt(slot);
    for (;;) {
      const word = Atomics.load(this.#words, at);
      // The mark in the word makes what follows hold; that the word is this key's is seen here.
      const isOurs = Atomics.load(this.#words, creditTagAt(slot)) === tag;
      const mark = wordLabel(word);
      if (!isOurs || !isOpen(mark)) return { outcome: 'no-lease', left: 0, unleased: 0 };
      const left = wordValue(word) - cost;
      if (left < 0) return this.#found(slot, { outcome: 'insufficient', left: left + cost, mark });
      if (cost === 0 || this.#replace(at, word, packWord(mark, left))) {
        return this.#found(slot, { outcome: 'spent', left, mark });
      }
    }
  }

  /**
   * Primary only. Sees to it that the key has a slot and gives the mark of its next grant;
   * undefined if its buckets are full: then this key's credits cannot be leased now.
   */
  reserve(keyId: string): number | undefined {
    const tag = this.#tagOf(keyId);
    let slot = this.#find(tag);
    if (slot < 0) {
      slot = this.#find(0n, this.#bucketsOf());
      if (slot < 0) return undefined;
      Atomics.store(this.#words, creditTagAt(slot), tag);
    }
    return markAfterGrant(wordLabel(Atomics.load(this.#words, creditsAt(slot))));
  }

  /** Primary only. Opens the lease, or adds to an open one; with the same mark again, nothing. */
  grant(keyId: string, { amount, mark, unleased = 0 }: Grant): GrantResult {
    assert(Number.isSafeInteger(amount) && amount >= 0, 'an amount is a count');
    const slot = this.#find(this.#tagOf(keyId));
    if (slot < 0) return 'lost';
    const at = creditsAt(slot);
    for (;;) {
      const word = Atomics.load(this.#words, at);
      const current = wordLabel(word);
      if (current === mark) return 'repeated';
      if (current === ((mark + 1) & labelMask)) return 'closed';
      if (markAfterGrant(current) !== mark) return 'lost';
      const left = isOpen(current) ? wordValue(word) : 0;
      Atomics.store(this.#words, unleasedAt(slot), packWord(mark, unleased));
      if (this.#replace(at, word, packWord(mark, left + amount))) return 'granted';
    }
  }

  /** Primary only. What is leased to nobody has changed while the lease stands as it is. */
  noteUnleased(keyId: string, unleased: number): void {
    const slot = this.#find(this.#tagOf(keyId));
    if (slot < 0) return;
    const mark = wordLabel(Atomics.load(this.#words, creditsAt(slot)));
    Atomics.store(this.#words, unleasedAt(slot), packWord(mark, unleased));
  }

  /**
   * Primary only. Closes the lease and gives what is left of it, again and again the same until
   * `forget` or the next `grant`; 0 for a key without a slot.
   */
  takeBack(keyId: string): number {
    const slot = this.#find(this.#tagOf(keyId));
    if (slot < 0) return 0;
    const at = creditsAt(slot);
    for (;;) {
      const word = Atomics.load(this.#words, at);
      const mark = wordLabel(word);
      const left = wordValue(word);
      if (!isOpen(mark)) return left;
      if (this.#replace(at, word, packWord((mark + 1) & labelMask, left))) return left;
    }
  }

  /** Primary only. Frees the slot of a closed lease. */
  forget(keyId: string): void {
    const slot = this.#find(this.#tagOf(keyId));
    if (slot >= 0) this.#free(slot);
  }

  /** Primary only, at a start. Frees the slots of all other keys, whatever they have left. */
  forgetOthers(keyIds: Iterable<string>): void {
    const kept = new Set<bigint>();
    for (const keyId of keyIds) kept.add(this.#tagOf(keyId));
    for (let slot = 0; slot < this.slotCount; slot += 1) {
      const tag = Atomics.load(this.#words, creditTagAt(slot));
      if (tag === 0n || kept.has(tag)) continue;
      const word = Atomics.load(this.#words, creditsAt(slot));
      const mark = wordLabel(word);
      const closed = isOpen(mark) ? (mark + 1) & labelMask : mark;
      Atomics.store(this.#words, creditsAt(slot), packWord(closed, 0));
      this.#free(slot);
    }
  }

  get slotCount(): number {
    return this.#file.bucketCount * keysPerBucket;
  }

  /** Keys that have a slot. Reads the whole table. For metrics. */
  countUsed(): number {
    let used = 0;
    for (let slot = 0; slot < this.slotCount; slot += 1) {
      if (Atomics.load(this.#words, creditTagAt(slot)) !== 0n) used += 1;
    }
    return used;
  }

  /** After this the table must not be used. */
  close(): void {
    this.#file.unmap();
  }

  #found(
    slot: number,
    { outcome, left, mark }: { outcome: SpendResult['outcome']; left: number; mark: number },
  ): SpendResult {
    const word = Atomics.load(this.#words, unleasedAt(slot));
    if (wordLabel(word) === mark) return { outcome, left, unleased: wordValue(word) };
    return { outcome, ...this.#sumAfterGrant(slot) };
  }

  /**
   * A grant has come between the spending and the look at what is unleased, and what moved from one
   * to the other must not be counted twice: both are told as they are after it. The primary stores
   * the two words one right after the other; one that dies between them is waited for in vain.
   */
  #sumAfterGrant(slot: number): { left: number; unleased: number } {
    for (let tries = 0; ; tries += 1) {
      const unleased = Atomics.load(this.#words, unleasedAt(slot));
      const credits = Atomics.load(this.#words, creditsAt(slot));
      if (wordLabel(unleased) === wordLabel(credits) || tries === grantWaitTriesMax) {
        return { left: wordValue(credits), unleased: wordValue(unleased) };
      }
    }
  }

  #free(slot: number): void {
    const mark = wordLabel(Atomics.load(this.#words, creditsAt(slot)));
    assert(!isOpen(mark), 'a lease is taken back before it is forgotten');
    Atomics.store(this.#words, creditTagAt(slot), 0n);
    Atomics.store(this.#words, creditsAt(slot), packWord(mark, 0));
  }

  #replace(at: number, before: bigint, after: bigint): boolean {
    return Atomics.compareExchange(this.#words, at, before, after) === before;
  }

  #tagOf(keyId: string): bigint {
    this.#tag.make(0, keyId, '', '');
    return joinWord(this.#tag.low, this.#tag.high);
  }

  #bucketsOf(): [number, number] {
    return creditBuckets(this.#tag.low, this.#tag.high, this.#file.bucketCount);
  }

  /** The slot that bears `tag` in the buckets of the tag made last, or -1. */
  #find(tag: bigint, [first, second] = this.#bucketsOf()): number {
    for (let place = 0; place < keysPerBucket; place += 1) {
      if (this.#words[creditTagAt(first * keysPerBucket + place)] === tag) {
        return first * keysPerBucket + place;
      }
      if (this.#words[creditTagAt(second * keysPerBucket + place)] === tag) {
        return second * keysPerBucket + place;
      }
    }
    return -1;
  }
}
