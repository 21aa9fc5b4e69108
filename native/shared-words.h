/* 64-bit words in memory shared by processes, changed by nobody but whole: the same seats, marks
 * and promises as in src/limits/shared-words.ts, whose head explains them, in the same memory, at
 * the same time. A change that one of the two begins, the other settles.
 *
 * One seat may serve both sides of a thread as long as a change that one of them has begun is over
 * before the other begins its own. */
#ifndef SHARED_WORDS_H
#define SHARED_WORDS_H

#include <stdbool.h>
#include <stdint.h>

enum { held_words_max = 256, seat_words = 2 + 3 * held_words_max + 6, seat_count = 256 };

typedef struct {
  int64_t *words;
  uint32_t seats_at;
  uint32_t seat;
  /* Of the change under way. */
  uint32_t turn;
  uint32_t held_count;
} SharedWords;

/* Afterwards the word at `at` is no longer `mark`. Waits 160 us at most. */
void words_settle(SharedWords *shared, uint32_t at, int64_t mark);

/* Starts a change of several words. Until words_commit or words_abort, no other may be started. */
void words_begin(SharedWords *shared);

/* Keeps a word as it is until the end of the change and gives its value. A word may be held once in
 * a change. Changes that hold the same words in the same order do not wait for each other in a
 * circle. */
int64_t words_hold(SharedWords *shared, uint32_t at);

/* The new value of the word that was held as the `entry`th, counted from 0. */
void words_put(SharedWords *shared, uint32_t entry, int64_t after);

/* False: somebody lost patience with this change; nothing of it has happened. */
bool words_commit(SharedWords *shared);

void words_abort(SharedWords *shared);

/* `seat` must have been claimed, and what a predecessor left in it settled: `new WindowTable` in
 * TypeScript does both. */
static inline void words_open(SharedWords *shared, int64_t *words, uint32_t seats_at,
                              uint32_t seat) {
  *shared = (SharedWords){.words = words, .seats_at = seats_at, .seat = seat};
}

/* What the word is now, be it a mark. What is loaded after it, is not older. */
static inline int64_t words_peek(const SharedWords *shared, uint32_t at) {
  return __atomic_load_n(&shared->words[at], __ATOMIC_SEQ_CST);
}

/* The value of a word. Waits 160 us at most for a change under way. */
static inline int64_t words_read(SharedWords *shared, uint32_t at) {
  for (;;) {
    int64_t word = words_peek(shared, at);
    if (__builtin_expect(word >= 0, 1)) return word;
    words_settle(shared, at, word);
  }
}

/* Stores `after` if the word is still `before`; one atomic operation. */
static inline bool words_replace(SharedWords *shared, uint32_t at, int64_t before, int64_t after) {
  return __atomic_compare_exchange_n(&shared->words[at], &before, after, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

#endif
