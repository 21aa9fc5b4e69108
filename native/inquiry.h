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
  /* At its end: whether there is a record, and which. */
  bool is_found;
  Slice record;
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
  /* 0, or why nothing is decided, and the text that it is about, if there is one. */
  int refusal;
  Slice unknown;
} Inquiry;

/* An inquiry and what it leads to. */
typedef struct {
  Inquiry inquiry;
  Verdict verdict;
} Search;

/* Of the root key with this number, at this time. */
void search_begin(const Engine *engine, const Question *question, int root_key, double now_ms,
                  Search *search);

/* To the end of each, side by side: their waits for memory become one. */
void look_up_together(Engine *engine, Search *const *searches, int count);

/* Why nothing was decided, and what that is about, where the caller can read it. */
int tell_refusal(Engine *engine, const Inquiry *inquiry);

/* What a limit of the verdict's key is asked for. */
WindowRequest limit_request(const Verdict *verdict, int index);

#endif
