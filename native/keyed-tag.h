/* Tags: 73 bits of keyed hash that stand for a tuple of texts and a number in a table, the same as
 * src/limits/keyed-tag.ts makes of the same tuple. Only of texts in ASCII: the other side hashes
 * characters, which are bytes only there. The caller sees to that. */
#ifndef KEYED_TAG_H
#define KEYED_TAG_H

#include <stdint.h>

#include "slice.h"

typedef struct {
  /* 63 bits, never 0: as it stands in the table. */
  int64_t word;
  /* Ten more. */
  uint32_t extra;
} KeyedTag;

/* What tags have in common whose tuples begin alike: the number and all texts but the last. */
typedef struct {
  uint32_t v0, v1, v2, v3;
  uint32_t word_count;
} TagPrefix;

void tag_begin(TagPrefix *prefix, const uint32_t key[2], uint64_t number, const Slice texts[2]);
void tag_end(KeyedTag *tag, const TagPrefix *prefix, Slice last);

#endif
