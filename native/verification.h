/*
 * A single verification in three steps: it is begun, looked up (look_up_together, side by side with
 * others), and answered. Nothing is counted before the last one, and what was begun may be left.
 */
#ifndef VERIFICATION_H
#define VERIFICATION_H

#include "inquiry.h"

typedef struct {
  Search search;
  /* For a proxy: as it tells it. */
  Original original;
  bool is_for_proxy;
  int64_t started_at_ns;
} Verification;

/* 0, or a Refusal. What the texts lie in has to stay until the answer. */
int verification_begin(Engine *engine, Slice body, const Asked *asked,
                       Verification *verification);
int verification_begin_for_proxy(Engine *engine, const ProxyTerms *terms,
                                 const ProxyAsked *asked, Verification *verification);

/* As engine_verify or engine_verify_proxy. */
int verification_answer(Engine *engine, Verification *verification);

#endif
