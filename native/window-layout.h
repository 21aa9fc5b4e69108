/* Where things stand in a table of windows, and in its words: see src/limits/window-layout.ts and
 * src/limits/word.ts. */
#ifndef WINDOW_LAYOUT_H
#define WINDOW_LAYOUT_H

#include "shared-words.h"

enum {
  header_words = 64,
  /* Counts the refusals for want of a slot. */
  header_spare_at = 8,
  seats_at = header_words,
  buckets_at = seats_at + seat_count * seat_words,
  bucket_words = 32,
  slots_per_bucket = 7,
};

/* In a bucket, the gate comes first, then the tags, then the records: ends, previous, current. */
static inline uint32_t tag_at_place(uint32_t gate_at, uint32_t place) {
  return gate_at + 1 + place;
}

static inline uint32_t record_at_place(uint32_t gate_at, uint32_t place) {
  return gate_at + 1 + slots_per_bucket + place * 3;
}

/* A value is a number of 53 bits under a label of 10. */
static inline int64_t pack_word(uint32_t label, double value) {
  return (int64_t)((uint64_t)label << 53 | (uint64_t)value);
}

static inline double word_value(int64_t word) {
  return (double)(word & ((INT64_C(1) << 53) - 1));
}

static inline uint32_t word_label(int64_t word) {
  return (uint64_t)word >> 53 & 1023;
}

/* Of the word of the current window: nobody can add to a window that has passed. */
static inline uint32_t sequence_label(double sequence) {
  return (uint64_t)(int64_t)sequence & 1023;
}

#endif
