/* A piece of somebody else's memory: never ends in NUL, never freed here. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct {
  const char *at;
  size_t size;
} Slice;

#define SLICE(literal) ((Slice){"" literal, sizeof(literal) - 1})

static inline bool slice_equals(Slice one, Slice other) {
  return one.size == other.size && memcmp(one.at, other.at, one.size) == 0;
}

static inline bool slice_starts_with(Slice text, Slice start) {
  return text.size >= start.size && memcmp(text.at, start.at, start.size) == 0;
}

/* Puts the slice at `to` and returns the place behind it. */
static inline char *slice_put(char *to, Slice slice) {
  memcpy(to, slice.at, slice.size);
  return to + slice.size;
}

#endif
