/* A hash of short texts, for tables in which nobody chooses them to collide. */
#ifndef TEXT_HASH_H
#define TEXT_HASH_H

#include <stdint.h>

#include "slice.h"

static inline uint64_t text_hash_fold(uint64_t one, uint64_t other) {
  unsigned __int128 product = (unsigned __int128)one * other;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `hash` is that of what comes before the text, or a number of one's own. */
static inline uint64_t text_hash(uint64_t hash, Slice text) {
  hash ^= text.size;
  size_t at = 0;
  for (; at + 8 <= text.size; at += 8) {
    uint64_t word;
    memcpy(&word, text.at + at, 8);
    hash = text_hash_fold(hash ^ word, 0xa0761d6478bd642f);
  }
  uint64_t rest = 0;
  memcpy(&rest, text.at + at, text.size - at);
  return text_hash_fold(hash ^ rest, 0xe7037ed1a0b428db);
}

#endif
