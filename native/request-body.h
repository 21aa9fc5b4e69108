/*
 * Reads the usual bodies of keys.verifyKey and keys.verifyKeys, as src/http/quick-body.ts does:
 * what is read here, it reads alike.
 */
#ifndef REQUEST_BODY_H
#define REQUEST_BODY_H

#include <stdbool.h>

#include "slice.h"

/* From src/contract. */
typedef struct {
  size_t key_length_max;
  size_t permissions_length_max;
  int verifications_max;
} BodyBounds;

typedef struct {
  Slice key;
  /* Empty without a query: an empty one is not read here. */
  Slice permissions;
} Question;

/* One question that begins at `at`. Returns the place behind it, or NULL for anything unusual. */
const char *question_read(const char *at, const char *end, const BodyBounds *bounds,
                          Question *question);

/* The number of questions in a list of them, brackets and all; 0 for anything unusual. */
int questions_count(Slice body, const BodyBounds *bounds);

#endif
