#include "engine.h"

#include <time.h>

#include "answer-json.h"
#include "deciding.h"
#include "proxy-answer.h"
#include "verification.h"

int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool is_visible(Slice text) {
  for (size_t at = 0; at < text.size; at += 1) {
    if (text.at[at] < 0x21 || text.at[at] > 0x7e) return false;
  }
  return text.size > 0;
}

/* Who asks: with a token, or as the operator has allowed it without; perhaps confined to an API. */
typedef struct {
  Slice token;
  Slice api_id;
  bool is_open;
} Asker;

/* The number of the root key, or a Refusal. */
static int find_asker(const Engine *engine, Asker asker, double now_ms) {
  if (!asker.is_open && !is_visible(asker.token)) return UNUSUAL;
  char name[ROOT_KEY_NAME_BYTES_MAX];
  size_t size = root_key_name(asker.token, asker.is_open, asker.api_id, name);
  if (size == 0) return UNUSUAL;
  const Learned *learned = &engine->learned;
  int number = text_table_find(&learned->root_key_numbers, (Slice){name, size});
  if (number < 0) return UNKNOWN_ROOT_KEY;
  double expires_at_ms = learned->root_keys[number].expires_at_ms;
  return expires_at_ms != 0 && now_ms > expires_at_ms ? UNUSUAL : number;
}

int find_root_key(const Engine *engine, Slice authorization, double now_ms) {
  const Slice scheme = SLICE("Bearer ");
  if (!slice_starts_with(authorization, scheme)) return UNUSUAL;
  Slice token = {authorization.at + scheme.size, authorization.size - scheme.size};
  return find_asker(engine, (Asker){.token = token, .api_id = SLICE("")}, now_ms);
}

static void take_limits(Engine *engine, Verdict *verdict) {
  int count = verdict->checked_limit_count = verdict->traits->limit_count;
  WindowVerdict *found = verdict->checked_limits;
  Windows *windows = &engine->windows;
  if (count == 1) {
    WindowRequest request = limit_request(verdict, 0);
    windows_take_aimed(windows, &request, &verdict->counter, verdict->now_ms, found);
  } else if (count > 1) {
    WindowRequest requests[LIMITS_MAX];
    for (int index = 0; index < count; index += 1) requests[index] = limit_request(verdict, index);
    windows_take_all(windows, requests, (size_t)count, verdict->now_ms, found);
  }
  for (int index = 0; index < count; index += 1) {
    if (found[index].is_exceeded) verdict->outcome = RATE_LIMITED;
  }
}

static void count(const Counters *counters, Outcome outcome, uint32_t latency_us) {
  int bound = 0;
  while (bound < counters->latency_bound_count && latency_us > counters->latency_bounds_us[bound]) {
    bound += 1;
  }
  int64_t *cells = counters->cells;
  __atomic_fetch_add(&cells[counters->outcome_at[outcome]], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->latency_at[bound]], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->latency_sum_at], latency_us, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cells[counters->decided_at], 1, __ATOMIC_RELAXED);
}

void record(Engine *engine, const Verdict *verdict, const Original *original,
                   int64_t started_at_ns) {
  uint32_t latency_us = (uint32_t)((monotonic_ns() - started_at_ns + 500) / 1000);
  uint32_t size = event_pack(engine->event_words, verdict, original, latency_us);
  bool is_spooled = spool_segment_append(&engine->segment, VERIFICATION_WIRE_NUMBER,
                                         engine->event_words, size);
  engine->status[STATUS_EVENT_BYTES] = is_spooled ? 0 : (int32_t)size;
  count(&engine->counters, verdict->outcome, latency_us);
}

const Original no_original = {{"", 0}, {"", 0}, {"", 0}};

int decide(Engine *engine, Room room, Verdict *verdict) {
  if (!event_fits(verdict, &no_original)) return UNUSUAL;
  if (answer_bytes_max(verdict) > (size_t)(room.end - room.to)) return FULL;
  if (verdict->outcome == VALID) take_limits(engine, verdict);
  return 0;
}

int verification_begin(Engine *engine, Slice body, const Asked *asked,
                       Verification *verification) {
  Question question;
  const char *end = body.at + body.size;
  /* An empty body may have no address, and then NULL is its end too. */
  if (body.size == 0 || question_read(body.at, end, &engine->bounds, &question) != end) {
    return UNUSUAL;
  }
  int root_key = find_root_key(engine, asked->authorization, asked->now_ms);
  if (root_key < 0) return root_key;
  verification->original = no_original;
  verification->is_for_proxy = false;
  verification->started_at_ns = asked->started_at_ns;
  search_begin(engine, &question, root_key, asked->now_ms, &verification->search);
  return 0;
}

static int answer(Engine *engine, Verification *verification) {
  Verdict *verdict = &verification->search.verdict;
  Room room = {engine->out, engine->out + engine->out_size};
  int refusal = decide(engine, room, verdict);
  if (refusal != 0) return refusal == FULL ? UNUSUAL : refusal;
  request_ids_next(&engine->request_ids, verdict->request_id);
  record(engine, verdict, &no_original, verification->started_at_ns);
  char *to = answer_open(room.to, verdict->request_id);
  return (int)(answer_close(answer_put(to, verdict)) - room.to);
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

enum { PATH_BYTES_MAX = 1024, STRUCK_BYTES_MIN = 8 };

/* What may be recorded of a path without its being changed: src/http/original-request.ts. */
static bool is_recordable(Slice path, Slice key) {
  if (path.size > PATH_BYTES_MAX) return false;
  return key.size < STRUCK_BYTES_MIN || memmem(path.at, path.size, key.at, key.size) == NULL;
}

int verification_begin_for_proxy(Engine *engine, const ProxyTerms *terms,
                                 const ProxyAsked *asked, Verification *verification) {
  if (!terms->is_usable || !is_recordable(asked->original.path, asked->key)) return UNUSUAL;
  Asker asker = {asked->root_key, terms->api_id, terms->is_open};
  int root_key = find_asker(engine, asker, asked->now_ms);
  if (root_key < 0) return root_key;
  verification->original = asked->original;
  verification->is_for_proxy = true;
  verification->started_at_ns = asked->started_at_ns;
  Question question = {asked->key, terms->permissions};
  search_begin(engine, &question, root_key, asked->now_ms, &verification->search);
  return 0;
}

static int answer_proxy(Engine *engine, Verification *verification) {
  Verdict *verdict = &verification->search.verdict;
  const Original *original = &verification->original;
  if (verdict->outcome != VALID || !event_fits(verdict, original)) return UNUSUAL;
  size_t size = proxy_headers_bytes_max(verdict);
  if (size == 0 || size > engine->out_size) return UNUSUAL;
  /* A take that is refused has counted nothing. */
  take_limits(engine, verdict);
  if (verdict->outcome != VALID) return UNUSUAL;
  request_ids_next(&engine->request_ids, verdict->request_id);
  record(engine, verdict, original, verification->started_at_ns);
  char *body_end = proxy_put_body(engine->text, verdict);
  engine->status[STATUS_BODY_BYTES] = (int32_t)(body_end - engine->text);
  return (int)(proxy_put_headers(engine->out, verdict) - engine->out);
}

int verification_answer(Engine *engine, Verification *verification) {
  const Inquiry *inquiry = &verification->search.inquiry;
  if (inquiry->refusal != 0) return tell_refusal(engine, inquiry);
  return verification->is_for_proxy ? answer_proxy(engine, verification)
                                    : answer(engine, verification);
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
