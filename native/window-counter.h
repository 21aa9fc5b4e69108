/* One counter while a request is decided, as in src/limits/window-counter.ts: whom it counts for,
 * what the request wants of it, and what was read of it last. `current` and `previous` are as they
 * are at the request's instant, whatever the slot in the table has come to.
 *
 * Instants and counts are doubles because they are in JavaScript: both sides must come to the same
 * verdict, also in what lies beyond the exact integers. */
#ifndef WINDOW_COUNTER_H
#define WINDOW_COUNTER_H

#include "keyed-tag.h"

static const double number_exact_max = 9007199254740991; /* 2^53 - 1 */
/* The shortest window, and the longest. */
static const double duration_min_ms = 1000;
static const double duration_max_ms = 1125899906842624; /* 2^50 */

typedef struct {
  KeyedTag tag;
  /* Where the two buckets begin that the counter may stand in. */
  uint32_t gates_at[2];
  double duration_ms;
  /* What the request's items take of this counter together, and the smallest limit among them. */
  double cost, limit;

  /* Where the slot's tag is, 0 while the counter has no slot, and its record. */
  uint32_t tag_at, record_at;
  /* The number of the window that the slot has come to, and the word of its count. */
  double slot_sequence;
  int64_t current_word;
  /* The number of the window that counts: never one before the slot's. */
  double sequence;
  double current, previous;
  /* How much of the window is still to come. */
  double remaining_ms;
} WindowCounter;

/* Without the call into the mathematical library that floor() is on the oldest processors. */
static inline double floor_of(double number) {
  double whole = (double)(int64_t)number;
  return whole > number ? whole - 1 : whole;
}

static inline bool counter_equals(const WindowCounter *one, const WindowCounter *other) {
  return one->tag.word == other->tag.word && one->tag.extra == other->tag.extra &&
         one->duration_ms == other->duration_ms;
}

/* As if nothing had ever been counted. */
static inline void counter_see_nothing(WindowCounter *counter, double now_ms) {
  counter->sequence = floor_of(now_ms / counter->duration_ms);
  counter->remaining_ms = (counter->sequence + 1) * counter->duration_ms - now_ms;
  counter->current = 0;
  counter->previous = 0;
}

/* The slot's counts, moved on to `now_ms`. If the slot is ahead, the caller is late: it counts as
 * if it came at the first instant of the slot's window, where the window before weighs in full. */
static inline void counter_see(WindowCounter *counter, double current, double previous,
                               double now_ms) {
  double sequence = floor_of(now_ms / counter->duration_ms);
  if (sequence < counter->slot_sequence) {
    counter->sequence = counter->slot_sequence;
    counter->remaining_ms = counter->duration_ms;
  } else {
    counter->sequence = sequence;
    counter->remaining_ms = (sequence + 1) * counter->duration_ms - now_ms;
  }
  double passed = counter->sequence - counter->slot_sequence;
  counter->current = passed == 0 ? current : 0;
  counter->previous = passed == 0 ? previous : passed == 1 ? current : 0;
}

/* Whether the slot must be moved to the present window before one can count in it. */
static inline bool counter_is_behind(const WindowCounter *counter) {
  return counter->slot_sequence < counter->sequence;
}

/* `current` + floor(previous x (1 - elapsed)). */
static inline double counter_used_with(const WindowCounter *counter, double current) {
  if (counter->previous == 0) return current;
  double product = counter->previous * counter->remaining_ms;
  if (product <= number_exact_max) return current + floor_of(product / counter->duration_ms);
  return current + floor_of(counter->previous * (counter->remaining_ms / counter->duration_ms));
}

static inline double counter_reset_at_ms(const WindowCounter *counter) {
  return (counter->sequence + 1) * counter->duration_ms;
}

/* The instant from which on a slot in `sequence` is of no use to anybody. */
static inline double counter_ends_at_ms(const WindowCounter *counter, double sequence) {
  return (sequence + 2) * counter->duration_ms;
}

#endif
