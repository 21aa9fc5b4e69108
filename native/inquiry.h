/*
 * What the documents say about a question: its key, its identity, and the checks that need nothing
 * else. Several questions can be looked up side by side, as far as the way to their records goes.
 */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "engine.h"

enum { WAY_KEY_BYTES_MAX = 256 };

/* On the way to a record. */
typedef struct {
  char key[WAY_KEY_BYTES_MAX];
  size_t size;
  TreeWalk walk;
} Way;

/* Who asks, and for what: by the numbers under which they were learned. */
typedef struct {
  int root_key;
  int traits;
} Numbers;

typedef struct {
  Question question;
  Numbers numbers;
  /* To the key, and then to its identity. */
  Way way;
} Inquiry;

/* The verdict knows the root key, which has this number, and the present. */
void inquiry_begin(const Engine *engine, int root_key, Inquiry *inquiry);

/* A page further on the way; false at its end. */
bool inquiry_go_on(const Engine *engine, Inquiry *inquiry);

/* At the end of the way to the key: sets out to the identity. 0, or why nothing was decided. */
int inquiry_key(Engine *engine, Inquiry *inquiry, Verdict *verdict);

/* At the end of the way to the identity. 0, or why nothing was decided. */
int inquiry_rest(Engine *engine, Inquiry *inquiry, Verdict *verdict);

/* All of it. */
int look_up(Engine *engine, const Question *question, int root_key, Verdict *verdict);

/* What a limit of the verdict's key is asked for. */
WindowRequest limit_request(const Verdict *verdict, int index);

#endif
