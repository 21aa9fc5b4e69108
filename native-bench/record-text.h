/*
 * Numbers and texts of a record in the product's replica: src/keys/record-text.ts. Lengths count
 * UTF-16 units there, which are bytes here: the floor reads records whose texts are ASCII.
 */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <stdint.h>

#include "failure.h"
#include "slice.h"

enum { RECORD_FLAG_ASCII = 1 };

static inline uint16_t record_u16(const char *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint32_t record_u32(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline double record_f64(const char *at) {
  double value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline Slice record_take(const char **at, size_t size) {
  Slice text = {*at, size};
  *at += size;
  return text;
}

/* Ends the program on a record of another form, or with texts that are not ASCII. */
static inline void record_check(Slice bytes, int format_version, size_t texts_at) {
  if (bytes.size < texts_at || bytes.at[0] != format_version) {
    fail("the replica holds records of another form: native-bench must follow src/keys");
  }
  if ((bytes.at[1] & RECORD_FLAG_ASCII) == 0) fail("the floor reads texts that are ASCII only");
}

#endif
