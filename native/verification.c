#include "verification.h"

#include "answer-json.h"
#include "deciding.h"
#include "proxy-answer.h"

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
  record(engine, verdict, &no_original, latency_us_since(verification->started_at_ns));
  char *to = answer_open(room.to, verdict->request_id);
  return (int)(answer_close(answer_put(to, verdict)) - room.to);
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
  record(engine, verdict, original, latency_us_since(verification->started_at_ns));
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
