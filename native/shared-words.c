#include "shared-words.h"

#include <time.h>

#include "must.h"

enum { undecided = 0, committed = 1, aborted = 2 };
static const uint32_t turn_mask = (1u << 30) - 1;
/* As long as 16,384 looks of the TypeScript side take. The instructions of a spin differ too much
 * between processors for a count of them; the clock is read in user space. */
static const int64_t patience_ns = 160000;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the status is the low half of its word");

static uint32_t seat_at(const SharedWords *shared, uint32_t seat) {
  return shared->seats_at + seat * seat_words;
}

/* Three words: where (in the low half), before, after. */
static uint32_t entry_at(const SharedWords *shared, uint32_t seat, uint32_t entry) {
  return seat_at(shared, seat) + 2 + entry * 3;
}

static uint32_t *status_of(const SharedWords *shared, uint32_t seat) {
  return (uint32_t *)&shared->words[seat_at(shared, seat) + 1];
}

static uint32_t *place_of(const SharedWords *shared, uint32_t entry) {
  return (uint32_t *)&shared->words[entry_at(shared, shared->seat, entry)];
}

static int64_t mark_of(const SharedWords *shared, uint32_t entry) {
  uint32_t place = 0x80000000u | shared->seat << 8 | entry;
  return (int64_t)((uint64_t)place << 32 | shared->turn);
}

static bool replace_status(uint32_t *status, uint32_t before, uint32_t after) {
  return __atomic_compare_exchange_n(status, &before, after, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t monotonic_ns(void) {
  struct timespec now;
  MUST(clock_gettime(CLOCK_MONOTONIC, &now));
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The status, once it is no longer `open`; a change that stays open is aborted. */
static uint32_t await_decision(uint32_t *status, uint32_t open) {
  int64_t give_up_at_ns = monotonic_ns() + patience_ns;
  for (;;) {
    uint32_t found = __atomic_load_n(status, __ATOMIC_SEQ_CST);
    if (found != open) return found;
    pause_briefly();
    if (monotonic_ns() >= give_up_at_ns) replace_status(status, open, open | aborted);
  }
}

__attribute__((cold, noinline)) void words_settle(SharedWords *shared, uint32_t at, int64_t mark) {
  uint32_t turn = (uint32_t)mark;
  uint32_t place = (uint32_t)((uint64_t)mark >> 32);
  uint32_t seat = place >> 8 & (seat_count - 1);
  uint32_t *status = status_of(shared, seat);
  uint32_t found = __atomic_load_n(status, __ATOMIC_SEQ_CST);
  if (found == (turn << 2 | undecided)) found = await_decision(status, found);
  /* A later turn: the mark went before it began. A mark that is there all the same was written
   * before a crash of the machine that lost its seat: nobody knows the value. */
  int64_t value = 0;
  if (found >> 2 == turn) {
    uint32_t values_at = entry_at(shared, seat, place & (held_words_max - 1));
    value = words_peek(shared, values_at + ((found & 3) == committed ? 2 : 1));
  }
  words_replace(shared, at, mark, value);
}

void words_begin(SharedWords *shared) {
  uint32_t *status = status_of(shared, shared->seat);
  shared->turn = ((__atomic_load_n(status, __ATOMIC_SEQ_CST) >> 2) + 1) & turn_mask;
  shared->held_count = 0;
  __atomic_store_n(status, shared->turn << 2 | undecided, __ATOMIC_SEQ_CST);
}

int64_t words_hold(SharedWords *shared, uint32_t at) {
  uint32_t entry = shared->held_count;
  MUST(entry >= held_words_max);
  int64_t mark = mark_of(shared, entry);
  int64_t *values = &shared->words[entry_at(shared, shared->seat, entry) + 1];
  __atomic_store_n(place_of(shared, entry), at, __ATOMIC_RELAXED);
  for (;;) {
    int64_t value = words_read(shared, at);
    /* Whoever reads these two has seen the mark, which is stored after them. */
    __atomic_store_n(&values[0], value, __ATOMIC_RELAXED);
    __atomic_store_n(&values[1], value, __ATOMIC_RELAXED);
    if (!words_replace(shared, at, value, mark)) continue;
    shared->held_count += 1;
    return value;
  }
}

void words_put(SharedWords *shared, uint32_t entry, int64_t after) {
  uint32_t after_at = entry_at(shared, shared->seat, entry) + 2;
  __atomic_store_n(&shared->words[after_at], after, __ATOMIC_RELAXED);
}

static bool decide(SharedWords *shared, uint32_t decision) {
  uint32_t open = shared->turn << 2 | undecided;
  bool is_decided = replace_status(status_of(shared, shared->seat), open, open | decision);
  bool is_done = is_decided && decision == committed;
  for (uint32_t entry = 0; entry < shared->held_count; entry += 1) {
    uint32_t at = __atomic_load_n(place_of(shared, entry), __ATOMIC_RELAXED);
    int64_t value = words_peek(shared, entry_at(shared, shared->seat, entry) + (is_done ? 2 : 1));
    words_replace(shared, at, mark_of(shared, entry), value);
  }
  return is_done;
}

bool words_commit(SharedWords *shared) {
  return decide(shared, committed);
}

void words_abort(SharedWords *shared) {
  decide(shared, aborted);
}
