import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedWords, seatWords } from '../../src/limits/shared-words.ts';

const wordAt = 4 * seatWords;

/** Four writers over one memory: what one process does to another's words in mid-change. */
function writers(): [SharedWords, SharedWords, SharedWords, BigInt64Array] {
  const words = new BigInt64Array(wordAt + 8);
  return [
    new SharedWords(words, 0, 1),
    new SharedWords(words, 0, 2),
    new SharedWords(words, 0, 3),
    words,
  ];
}

test('a commit changes all held words, an abort none', () => {
  const [one, other] = writers();
  one.begin();
  assert.equal(one.hold(wordAt), 0n);
  one.hold(wordAt + 1);
  one.put(0, 5n);
  one.put(1, 6n);
  assert.equal(one.commit(), true);
  assert.deepEqual([other.read(wordAt), other.read(wordAt + 1)], [5n, 6n]);
  one.begin();
  one.hold(wordAt);
  one.put(0, 7n);
  one.abort();
  assert.equal(other.read(wordAt), 5n);
});

test('whoever meets a change that stays undecided undoes it, and its holder finds out', () => {
  const [one, other] = writers();
  one.begin();
  one.hold(wordAt);
  one.hold(wordAt + 1);
  one.put(0, 9n);
  one.put(1, 9n);
  assert.equal(other.read(wordAt + 1), 0n);
  assert.equal(other.replace(wordAt + 1, 0n, 3n), true);
  assert.equal(one.commit(), false);
  assert.deepEqual([other.read(wordAt), other.read(wordAt + 1)], [0n, 3n]);
});

test('a word that is held after the change was undone stays as it was', () => {
  const [one, other] = writers();
  one.begin();
  one.hold(wordAt);
  assert.equal(other.read(wordAt), 0n);
  one.hold(wordAt + 1);
  one.put(1, 8n);
  assert.equal(one.commit(), false);
  assert.equal(other.read(wordAt + 1), 0n);
});

test('a decided change whose marks are still there is finished by whoever meets one', () => {
  const [one, other, , words] = writers();
  one.begin();
  one.hold(wordAt);
  one.hold(wordAt + 1);
  one.put(0, 5n);
  one.put(1, 6n);
  const marks = words.slice(wordAt, wordAt + 2);
  assert.equal(one.commit(), true);
  // As if its process had been killed right after the decision.
  words.set(marks, wordAt);
  assert.deepEqual([other.read(wordAt), other.read(wordAt + 1)], [5n, 6n]);
});

test('who takes over a seat first takes away the marks that were left in it', () => {
  const [one, , , words] = writers();
  one.begin();
  one.hold(wordAt);
  one.hold(wordAt + 3);
  const successor = new SharedWords(words, 0, 1);
  assert.deepEqual([words[wordAt], words[wordAt + 3]], [0n, 0n]);
  successor.begin();
  successor.hold(wordAt);
  successor.put(0, 1n);
  assert.equal(successor.commit(), true);
});

test('two that share a seat one after the other never use a turn again', () => {
  const [one, , , words] = writers();
  const sharer = new SharedWords(words, 0, 1);
  const marks = [one, sharer, sharer, one, sharer].map((writer) => {
    writer.begin();
    writer.hold(wordAt);
    const mark = words[wordAt];
    writer.abort();
    return mark;
  });
  assert.equal(new Set(marks).size, marks.length);
});

test('a mark whose seat knows nothing of it, as after a crash of the machine, becomes 0', () => {
  const [one, other, third, words] = writers();
  one.begin();
  one.hold(wordAt);
  const mark = words[wordAt] as bigint;
  one.abort();
  one.begin();
  one.abort();
  words[wordAt] = mark;
  assert.equal(other.read(wordAt), 0n);
  assert.equal(third.read(wordAt), 0n);
});
