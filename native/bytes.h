/* Numbers at any place of a file, little-endian as on every platform that Node runs on. */
#ifndef BYTES_H
#define BYTES_H

#include <stdint.h>
#include <string.h>

#define READER(name, type)                  \
  static inline type name(const char *at) { \
    type value;                             \
    memcpy(&value, at, sizeof value);       \
    return value;                           \
  }

READER(u16_at, uint16_t)
READER(u32_at, uint32_t)
READER(u64_at, uint64_t)
READER(f64_at, double)

#endif
