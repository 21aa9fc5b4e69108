#include "event-spool.h"

#include <stdatomic.h>

#include "shared-file.h"

enum {
  SEGMENT_BYTES = 4 << 20,
  SEGMENT_WORDS = SEGMENT_BYTES / 4,
  HEADER_WORDS = 16,
  FRAME_HEADER_WORDS = 3,
  COMMITTED_WORD = 2,
  FRAME_COUNT_WORD = 3,
  KIND_VERIFICATION = 1,
  /* Ids are short, and an external id is cut at what this leaves. */
  PAYLOAD_BYTES_MAX = 1024,
  EXTERNAL_ID_BYTES_MAX = 255,
};

void event_spool_open(EventSpool *spool, const char *folder) {
  spool->words = shared_file_map(folder, "floor-events", SEGMENT_BYTES);
  spool->at = HEADER_WORDS;
}

static unsigned char *pack_text(unsigned char *to, Slice text) {
  if (text.size > EXTERNAL_ID_BYTES_MAX) text.size = EXTERNAL_ID_BYTES_MAX;
  if (text.size < 32) {
    *to++ = (unsigned char)(0xa0 | text.size);
  } else {
    *to++ = 0xd9;
    *to++ = (unsigned char)text.size;
  }
  return (unsigned char *)slice_put((char *)to, text);
}

static unsigned char *pack_double(unsigned char *to, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = __builtin_bswap64(bits);
  *to++ = 0xcb;
  memcpy(to, &bits, sizeof bits);
  return to + sizeof bits;
}

static unsigned char *pack_count(unsigned char *to, uint32_t value) {
  if (value < 128) {
    *to++ = (unsigned char)value;
    return to;
  }
  uint32_t bits = __builtin_bswap32(value);
  *to++ = 0xce;
  memcpy(to, &bits, sizeof bits);
  return to + sizeof bits;
}

/* Of method, path and address nothing is known here, and there are no tags and no credits. */
static size_t pack(unsigned char *start, const VerificationEvent *event) {
  unsigned char *to = start;
  *to++ = 0x90 | 14;
  to = pack_text(to, event->request_id);
  to = pack_double(to, (double)event->time_ms);
  to = pack_text(to, event->workspace_id);
  to = pack_text(to, event->keyspace_id);
  to = pack_text(to, event->key_id);
  to = pack_text(to, event->identity_id);
  to = pack_text(to, event->external_id);
  *to++ = event->outcome;
  *to++ = 0x90;
  *to++ = 0;
  to = pack_count(to, event->latency_us);
  *to++ = 0xa0;
  *to++ = 0xa0;
  *to++ = 0xa0;
  return (size_t)(to - start);
}

static uint32_t mix(uint32_t sum, uint32_t word) {
  uint32_t product = (sum ^ word) * 0x9e3779b1u;
  return product ^ (uint32_t)((int32_t)product >> 15);
}

static uint32_t sum_of(const uint32_t *words, size_t word_count, uint32_t byte_count) {
  uint32_t sum = mix(mix(0x4c4b, KIND_VERIFICATION), byte_count);
  for (size_t index = 0; index < word_count; index += 1) sum = mix(sum, words[index]);
  return sum;
}

void event_spool_append(EventSpool *spool, const VerificationEvent *event) {
  if (spool->at + FRAME_HEADER_WORDS + PAYLOAD_BYTES_MAX / 4 > SEGMENT_WORDS) {
    spool->words[FRAME_COUNT_WORD] = 0;
    spool->at = HEADER_WORDS;
  }
  uint32_t *frame = spool->words + spool->at;
  unsigned char *payload = (unsigned char *)(frame + FRAME_HEADER_WORDS);
  size_t byte_count = pack(payload, event);
  memset(payload + byte_count, 0, -byte_count & 3);
  size_t word_count = (byte_count + 3) / 4;
  frame[0] = (uint32_t)byte_count;
  frame[1] = sum_of(frame + FRAME_HEADER_WORDS, word_count, (uint32_t)byte_count);
  frame[2] = KIND_VERIFICATION;
  spool->words[FRAME_COUNT_WORD] += 1;
  spool->at += FRAME_HEADER_WORDS + (uint32_t)word_count;
  atomic_store((_Atomic uint32_t *)(spool->words + COMMITTED_WORD), spool->at * 4);
}
