#include "engine.h"

#include <time.h>

#include "answer-json.h"
#include "proxy-answer.h"
#include "sha256.h"

enum { IDENTITY_KEY_BYTES_MAX = 256 };

int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Whether the state of the replica that its roots belong to is still the newest. */
static bool is_fresh(const Engine *engine) {
  if (engine->replica.bytes == NULL) return false;
  return __atomic_load_n(engine->generation, __ATOMIC_ACQUIRE) == engine->generation_seen;
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

/* `Bearer` and visible characters. The number of the root key, or a Refusal. */
static int find_root_key(const Engine *engine, Slice authorization, double now_ms) {
  const Slice scheme = SLICE("Bearer ");
  if (!slice_starts_with(authorization, scheme)) return UNUSUAL;
  Slice token = {authorization.at + scheme.size, authorization.size - scheme.size};
  return find_asker(engine, (Asker){.token = token, .api_id = SLICE("")}, now_ms);
}

/* Refuses because of a text, which is copied to where the caller can read it. */
static int ask_for(Engine *engine, Refusal refusal, Slice text) {
  if (text.size > engine->text_size) return UNUSUAL;
  slice_put(engine->text, text);
  engine->status[STATUS_TEXT_BYTES] = (int32_t)text.size;
  return refusal;
}

/* Who asks, and for what: by the numbers under which they were learned. */
typedef struct {
  int root_key;
  int traits;
} Numbers;

/* A whole number that a double holds exactly. */
static bool is_count(double number) {
  return number >= 0 && number <= 0x1p53 && (double)(uint64_t)number == number;
}

/* The key, as far as its record alone tells. Sets NOT_FOUND, or leaves VALID. */
static int find_key(Engine *engine, Slice key, Numbers *numbers, Verdict *verdict) {
  unsigned char hash[SHA256_BYTES];
  sha256_of(key, hash);
  Slice bytes;
  verdict->outcome = NOT_FOUND;
  Slice digest = {(const char *)hash, SHA256_BYTES};
  if (!tree_file_find(&engine->replica, engine->keys_root, digest, &bytes)) return 0;
  if (!key_record_read(bytes, &verdict->key)) return UNUSUAL;
  if (!is_count(verdict->key.expires_at_ms)) return UNUSUAL;
  const Learned *learned = &engine->learned;
  numbers->traits = text_table_find(&learned->traits_numbers, verdict->key.traits);
  if (numbers->traits < 0) return ask_for(engine, UNKNOWN_TRAITS, verdict->key.traits);
  const LearnedTraits *traits = verdict->traits = &learned->traits[numbers->traits];
  if (traits->is_unusual) return UNUSUAL;
  if (!slice_equals(traits->workspace_id, verdict->root_key->workspace_id)) return 0;
  int visible = pair_table_find(&learned->visible, numbers->root_key, numbers->traits);
  if (visible == PAIR_UNKNOWN) return UNKNOWN_VISIBILITY;
  if (visible) verdict->outcome = VALID;
  return 0;
}

static bool ends_with(Slice text, Slice end) {
  return text.size >= end.size && memcmp(text.at + text.size - end.size, end.at, end.size) == 0;
}

/* The identity, if it is there. One with limits of its own is not usual. */
static int find_identity(const Engine *engine, Verdict *verdict) {
  verdict->has_identity = false;
  Slice id = verdict->key.identity_id;
  if (id.size == 0) return 0;
  char key[IDENTITY_KEY_BYTES_MAX];
  size_t size = identity_key(id, key, sizeof key);
  if (size == 0) return UNUSUAL;
  Slice bytes;
  if (!tree_file_find(&engine->replica, engine->identities_root, (Slice){key, size}, &bytes)) {
    return 0;
  }
  if (!identity_record_read(bytes, &verdict->identity)) return UNUSUAL;
  if (!ends_with(verdict->identity.traits, SLICE(",[]]"))) return UNUSUAL;
  verdict->has_identity = true;
  return 0;
}

/* The checks that need nothing but the record and the clock, in their order. */
static int check(Engine *engine, Slice permissions, Numbers numbers, Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  int satisfied = 1;
  if (permissions.size > 0) {
    const Learned *learned = &engine->learned;
    int query = text_table_find(&learned->query_numbers, permissions);
    satisfied = query < 0 ? PAIR_UNKNOWN
                          : pair_table_find(&learned->satisfied, numbers.traits, query);
    if (satisfied == PAIR_UNKNOWN) return ask_for(engine, UNKNOWN_QUERY, permissions);
  }
  if (!key->is_enabled) {
    verdict->outcome = DISABLED;
  } else if (key->expires_at_ms != 0 && verdict->now_ms > key->expires_at_ms) {
    verdict->outcome = EXPIRED;
  } else if (!satisfied) {
    verdict->outcome = INSUFFICIENT_PERMISSIONS;
  }
  return 0;
}

static WindowRequest limit_request(const Verdict *verdict, int index) {
  const LearnedLimit *limit = &verdict->traits->limits[index];
  return (WindowRequest){
      .of = &limit->window,
      .identifier = verdict->key.key_id,
      .limit = limit->limit,
      .cost = 1,
  };
}

/* As soon as the key is known: its counter is fetched while the rest is looked up. */
static void aim_limit(Engine *engine, Verdict *verdict) {
  if (verdict->traits->limit_count != 1) return;
  WindowRequest request = limit_request(verdict, 0);
  windows_aim(&engine->windows, &request, &verdict->counter);
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

/* Before the answer leaves. */
static void record(Engine *engine, const Verdict *verdict, const Original *original,
                   int64_t started_at_ns) {
  uint32_t latency_us = (uint32_t)((monotonic_ns() - started_at_ns + 500) / 1000);
  uint32_t size = event_pack(engine->event_words, verdict, original, latency_us);
  bool is_spooled = spool_segment_append(&engine->segment, VERIFICATION_WIRE_NUMBER,
                                         engine->event_words, size);
  engine->status[STATUS_EVENT_BYTES] = is_spooled ? 0 : (int32_t)size;
  count(&engine->counters, verdict->outcome, latency_us);
}

static const Original no_original = {{"", 0}, {"", 0}, {"", 0}};

/* Where the answer goes: between `to` and `end`. */
typedef struct {
  char *to;
  char *end;
} Room;

/* 0, or why nothing was decided: what follows from the documents alone. */
static int look_up(Engine *engine, const Question *question, int root_key, Verdict *verdict) {
  Numbers numbers = {.root_key = root_key};
  verdict->has_identity = false;
  verdict->checked_limit_count = 0;
  if (!is_fresh(engine)) return STALE;
  int refusal = find_key(engine, question->key, &numbers, verdict);
  engine->status[STATUS_ROOT_KEY] = root_key;
  engine->status[STATUS_TRAITS] = numbers.traits;
  if (refusal != 0) return refusal;
  if (verdict->outcome == NOT_FOUND) return 0;
  if (verdict->key.has_credits) return UNUSUAL;
  aim_limit(engine, verdict);
  refusal = find_identity(engine, verdict);
  return refusal != 0 ? refusal : check(engine, question->permissions, numbers, verdict);
}

/* The same, and its limits counted. */
static int decide(Engine *engine, const Question *question, int root_key, Room room,
                  Verdict *verdict) {
  int refusal = look_up(engine, question, root_key, verdict);
  if (refusal != 0) return refusal;
  if (!event_fits(verdict, &no_original)) return UNUSUAL;
  if (answer_bytes_max(verdict) > (size_t)(room.end - room.to)) return FULL;
  if (verdict->outcome == VALID) take_limits(engine, verdict);
  return 0;
}

int engine_verify(Engine *engine, Slice body, const Asked *asked) {
  Question question;
  const char *end = body.at + body.size;
  /* An empty body may have no address, and then NULL is its end too. */
  if (body.size == 0 || question_read(body.at, end, &engine->bounds, &question) != end) {
    return UNUSUAL;
  }
  int root_key = find_root_key(engine, asked->authorization, asked->now_ms);
  if (root_key < 0) return root_key;
  Verdict verdict = {.now_ms = asked->now_ms, .root_key = &engine->learned.root_keys[root_key]};
  Room room = {engine->out, engine->out + engine->out_size};
  int refusal = decide(engine, &question, root_key, room, &verdict);
  if (refusal != 0) return refusal == FULL ? UNUSUAL : refusal;
  request_ids_next(&engine->request_ids, verdict.request_id);
  record(engine, &verdict, &no_original, asked->started_at_ns);
  char *to = answer_open(room.to, verdict.request_id);
  return (int)(answer_close(answer_put(to, &verdict)) - room.to);
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

int engine_verify_proxy(Engine *engine, const ProxyTerms *terms, const ProxyAsked *asked) {
  if (!terms->is_usable || !is_recordable(asked->original.path, asked->key)) return UNUSUAL;
  Asker asker = {asked->root_key, terms->api_id, terms->is_open};
  int root_key = find_asker(engine, asker, asked->now_ms);
  if (root_key < 0) return root_key;
  Verdict verdict = {.now_ms = asked->now_ms, .root_key = &engine->learned.root_keys[root_key]};
  Question question = {asked->key, terms->permissions};
  int refusal = look_up(engine, &question, root_key, &verdict);
  if (refusal != 0) return refusal;
  if (verdict.outcome != VALID || !event_fits(&verdict, &asked->original)) return UNUSUAL;
  size_t size = proxy_headers_bytes_max(&verdict);
  if (size == 0 || size > engine->out_size) return UNUSUAL;
  /* A take that is refused has counted nothing. */
  take_limits(engine, &verdict);
  if (verdict.outcome != VALID) return UNUSUAL;
  request_ids_next(&engine->request_ids, verdict.request_id);
  record(engine, &verdict, &asked->original, asked->started_at_ns);
  char *body_end = proxy_put_body(engine->text, &verdict);
  engine->status[STATUS_BODY_BYTES] = (int32_t)(body_end - engine->text);
  return (int)(proxy_put_headers(engine->out, &verdict) - engine->out);
}

/* A list of answers that is being written. */
typedef struct {
  const Asked *asked;
  int root_key;
  Room room;
} Answers;

/* The answer to one question of a list, or why there is none. */
static int verify_next(Engine *engine, const Question *question, Answers *answers) {
  const Asked *asked = answers->asked;
  Room *room = &answers->room;
  const LearnedRootKey *root_key = &engine->learned.root_keys[answers->root_key];
  Verdict verdict = {.now_ms = asked->now_ms, .root_key = root_key};
  int refusal = decide(engine, question, answers->root_key, *room, &verdict);
  if (refusal != 0) return refusal;
  memcpy(verdict.request_id, asked->request_id, REQUEST_ID_BYTES);
  record(engine, &verdict, &no_original, asked->started_at_ns);
  if (room->to > engine->out) *room->to++ = ',';
  room->to = answer_put(room->to, &verdict);
  return engine->status[STATUS_EVENT_BYTES] == 0 ? 0 : EVENT_WAITS;
}

size_t engine_verify_many(Engine *engine, Slice body, size_t body_at, const Asked *asked) {
  const char *end = body.at + body.size;
  const char *at = body.at + (body_at == 0 ? 1 : body_at);
  Room room = {engine->out, engine->out + engine->out_size};
  int root_key = find_root_key(engine, asked->authorization, asked->now_ms);
  Answers answers = {asked, root_key, room};
  int refusal = root_key < 0 ? root_key : 0;
  engine->status[STATUS_EVENT_BYTES] = 0;
  while (refusal == 0 && at < end) {
    Question question;
    const char *behind = question_read(at, end, &engine->bounds, &question);
    refusal = behind == NULL ? UNUSUAL : verify_next(engine, &question, &answers);
    /* Behind the comma, or the bracket that ends the list. */
    if (refusal == 0 || refusal == EVENT_WAITS) at = behind + 1;
  }
  engine->status[STATUS_BODY_AT] = (int32_t)(at - body.at);
  engine->status[STATUS_REFUSAL] = refusal;
  return (size_t)(answers.room.to - engine->out);
}
