/* Pieces of JSON as JSON.stringify writes them. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "slice.h"

/* A string, of UTF-8. Returns the place behind it. */
char *json_put_text(char *to, Slice text);

/* A whole number from 0 to 2^53. */
char *json_put_count(char *to, double count);

static inline size_t json_bytes_max(Slice text) {
  return 6 * text.size + 2;
}

#endif
