#include "engine.h"

#include <time.h>

#include "verification.h"

int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void proxy_terms_set(ProxyTerms *terms, Slice api_id, Slice permissions, bool is_open) {
  terms->is_usable = api_id.size <= sizeof terms->api_id_room &&
                     permissions.size <= sizeof terms->permissions_room;
  if (!terms->is_usable) return;
  terms->is_open = is_open;
  slice_put(terms->api_id_room, api_id);
  slice_put(terms->permissions_room, permissions);
  terms->api_id = (Slice){terms->api_id_room, api_id.size};
  terms->permissions = (Slice){terms->permissions_room, permissions.size};
}

static int look_up_and_answer(Engine *engine, Verification *verification) {
  look_up_together(engine, &(Search *){&verification->search}, 1);
  return verification_answer(engine, verification);
}

int engine_verify(Engine *engine, Slice body, const Asked *asked) {
  Verification verification;
  int refusal = verification_begin(engine, body, asked, &verification);
  return refusal != 0 ? refusal : look_up_and_answer(engine, &verification);
}

int engine_verify_proxy(Engine *engine, const ProxyTerms *terms, const ProxyAsked *asked) {
  Verification verification;
  int refusal = verification_begin_for_proxy(engine, terms, asked, &verification);
  return refusal != 0 ? refusal : look_up_and_answer(engine, &verification);
}
