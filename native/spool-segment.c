#include "spool-segment.h"

#include <stddef.h>

enum { COMMITTED_WORD = 2, FRAME_COUNT_WORD = 3, FRAME_HEADER_WORDS = 3 };

static const uint32_t closed_bit = 0x80000000;

static uint32_t mix(uint32_t sum, uint32_t word) {
  uint32_t product = (sum ^ word) * 0x9e3779b1u;
  return product ^ (product >> 15);
}

bool spool_segment_append(const SpoolSegment *segment, uint32_t kind, const uint32_t *payload,
                          uint32_t byte_length) {
  uint32_t *words = segment->words;
  if (words == NULL) return false;
  uint32_t committed = __atomic_load_n(&words[COMMITTED_WORD], __ATOMIC_RELAXED);
  if ((committed & closed_bit) != 0) return false;
  uint32_t *frame = words + committed / 4;
  uint32_t *to = frame + FRAME_HEADER_WORDS;
  uint32_t length = (byte_length + 3) / 4;
  if ((size_t)(to + length - words) > segment->word_count) return false;
  uint32_t sum = mix(mix(0x4c4b, kind), byte_length);
  for (uint32_t index = 0; index < length; index += 1) {
    to[index] = payload[index];
    sum = mix(sum, payload[index]);
  }
  frame[0] = byte_length;
  frame[1] = sum;
  frame[2] = kind;
  words[FRAME_COUNT_WORD] += 1;
  uint32_t end = (uint32_t)(to + length - words) * 4;
  if (__atomic_compare_exchange_n(&words[COMMITTED_WORD], &committed, end, false,
                                  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    return true;
  }
  words[FRAME_COUNT_WORD] -= 1;
  return false;
}
