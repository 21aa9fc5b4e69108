#include "engine-calls.h"

#include <stdlib.h>

#include "engine.h"
#include "must.h"
#include "node-calls.h"

enum { AUTHORIZATION_BYTES_MAX = 512 };

static napi_value number_of(napi_env env, double number) {
  napi_value value;
  MUST(napi_create_double(env, number, &value));
  return value;
}

static bool is_given(napi_env env, napi_value value) {
  napi_valuetype type;
  MUST(napi_typeof(env, value, &type));
  return type != napi_undefined;
}

/* `verify(body, authorization, nowMs)`: the length of the answer, or a Refusal. */
static napi_value verify(napi_env env, napi_callback_info info) {
  int64_t started_at_ns = monotonic_ns();
  napi_value arguments[3];
  Engine *engine = node_arguments(env, info, 3, arguments);
  Slice body = node_slice(env, arguments[0]);
  char room[AUTHORIZATION_BYTES_MAX];
  size_t size = node_latin1(env, arguments[1], room, sizeof room);
  Asked asked = {
      .authorization = {room, size},
      .now_ms = node_number(env, arguments[2]),
      .started_at_ns = started_at_ns,
  };
  /* It may have been cut off. */
  int answered = size + 1 < sizeof room ? engine_verify(engine, body, &asked) : UNUSUAL;
  napi_value result;
  MUST(napi_create_int32(env, answered, &result));
  return result;
}

/* `count(body)`: of the questions of a list, 0 for an unusual one. */
static napi_value count(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  const Engine *engine = node_arguments(env, info, 1, arguments);
  return number_of(env, questions_count(node_slice(env, arguments[0]), &engine->bounds));
}

/* `verifyMany(body, bodyAt, authorization, requestId, nowMs)`: the length of the answers. */
static napi_value verify_many(napi_env env, napi_callback_info info) {
  int64_t started_at_ns = monotonic_ns();
  napi_value arguments[5];
  Engine *engine = node_arguments(env, info, 5, arguments);
  char room[AUTHORIZATION_BYTES_MAX];
  char request_id[REQUEST_ID_BYTES + 1];
  size_t size = node_latin1(env, arguments[2], room, sizeof room);
  bool is_cut_off = size + 1 == sizeof room;
  Asked asked = {
      .authorization = {room, is_cut_off ? 0 : size},
      .now_ms = node_number(env, arguments[4]),
      .started_at_ns = started_at_ns,
  };
  node_latin1(env, arguments[3], request_id, sizeof request_id);
  memcpy(asked.request_id, request_id, REQUEST_ID_BYTES);
  size_t body_at = (size_t)node_number(env, arguments[1]);
  return number_of(env, (double)engine_verify_many(engine, node_slice(env, arguments[0]), body_at,
                                                   &asked));
}

/* A text in UTF-8 into `room`; one that may have been cut off is empty, and *is_whole false. */
static Slice text_into(napi_env env, napi_value value, char *room, size_t size, bool *is_whole) {
  size_t length = 0;
  MUST(napi_get_value_string_utf8(env, value, room, size, &length));
  /* The last character may take four bytes. */
  if (length + 4 < size) return (Slice){room, length};
  *is_whole = false;
  return (Slice){room, 0};
}

enum { PROXY_TEXT_BYTES_MAX = 1032 };

/* `useProxy(apiId, permissions, isOpen)`: what verifyProxy is about from now on. */
static napi_value use_proxy(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  Engine *engine = node_arguments(env, info, 3, arguments);
  char rooms[2][PROXY_TEXT_BYTES_MAX];
  Slice texts[2];
  bool is_whole = true;
  for (int index = 0; index < 2; index += 1) {
    texts[index] = text_into(env, arguments[index], rooms[index], sizeof *rooms, &is_whole);
  }
  proxy_terms_set(&engine->proxy, texts[0], texts[1], node_truth(env, arguments[2]));
  engine->proxy.is_usable = engine->proxy.is_usable && is_whole;
  return NULL;
}

/*
 * `verifyProxy(rootKey, key, method, path, clientAddress, nowMs)`: the length of the answer's
 * headers, or a Refusal.
 */
static napi_value verify_proxy(napi_env env, napi_callback_info info) {
  int64_t started_at_ns = monotonic_ns();
  napi_value arguments[6];
  Engine *engine = node_arguments(env, info, 6, arguments);
  char rooms[5][PROXY_TEXT_BYTES_MAX];
  Slice texts[5];
  bool is_whole = true;
  for (int index = 0; index < 5; index += 1) {
    texts[index] = text_into(env, arguments[index], rooms[index], sizeof *rooms, &is_whole);
  }
  ProxyAsked asked = {
      .root_key = texts[0],
      .key = texts[1],
      .original = {.method = texts[2], .path = texts[3], .client_address = texts[4]},
      .now_ms = node_number(env, arguments[5]),
      .started_at_ns = started_at_ns,
  };
  int answered = is_whole ? engine_verify_proxy(engine, &engine->proxy, &asked) : UNUSUAL;
  napi_value result;
  MUST(napi_create_int32(env, answered, &result));
  return result;
}

/* `useReplica(file, keysRoot, identitiesRoot, generation)`; without a file there is none. */
static napi_value use_replica(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  Engine *engine = node_arguments(env, info, 4, arguments);
  engine->changes += 1;
  engine->replica.bytes = NULL;
  if (!is_given(env, arguments[0])) return NULL;
  engine->replica = tree_file_at(node_slice(env, arguments[0]).at);
  /* 2^64, as a number, for a tree without pages. */
  double roots[] = {node_number(env, arguments[1]), node_number(env, arguments[2])};
  engine->keys_root = roots[0] < 0x1p64 ? (uint64_t)roots[0] : NO_TREE;
  engine->identities_root = roots[1] < 0x1p64 ? (uint64_t)roots[1] : NO_TREE;
  engine->generation_seen = (int32_t)node_number(env, arguments[3]);
  return NULL;
}

/* `useSegment(words)`; without words there is none. */
static napi_value use_segment(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  Engine *engine = node_arguments(env, info, 1, arguments);
  engine->segment = (SpoolSegment){NULL, 0};
  if (!is_given(env, arguments[0])) return NULL;
  Slice words = node_slice(env, arguments[0]);
  engine->segment = (SpoolSegment){(uint32_t *)words.at, (uint32_t)(words.size / 4)};
  return NULL;
}

/* `forget()` what was learned. */
static napi_value forget(napi_env env, napi_callback_info info) {
  Engine *engine = node_arguments(env, info, 0, NULL);
  engine->changes += 1;
  learned_forget(&engine->learned);
  return NULL;
}

/* `learnRootKey(token, apiId, isOpen, workspaceId, expiresAtMs)`: its number, or -1. */
static napi_value learn_root_key(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  Engine *engine = node_arguments(env, info, 5, arguments);
  char name[ROOT_KEY_NAME_BYTES_MAX];
  bool is_open = node_truth(env, arguments[2]);
  Slice token = node_slice(env, arguments[0]);
  size_t size = root_key_name(token, is_open, node_slice(env, arguments[1]), name);
  LearnedRootKey root_key = {node_slice(env, arguments[3]), node_number(env, arguments[4])};
  if (size == 0) return number_of(env, -1);
  return number_of(env, learned_add_root_key(&engine->learned, (Slice){name, size}, root_key));
}

/* Texts come as bytes, which stay where they are as long as JavaScript does not run. */
static LearnedLimit limit_of(napi_env env, napi_value parts, const Windows *windows,
                             Slice workspace_id) {
  LearnedLimit limit = {
      .place = (int)node_number(env, node_element(env, parts, 0)),
      .limit = node_number(env, node_element(env, parts, 1)),
      .json = node_slice(env, node_element(env, parts, 4)),
      .header_name = node_slice(env, node_element(env, parts, 5)),
  };
  double duration_ms = node_number(env, node_element(env, parts, 2));
  Slice name = node_slice(env, node_element(env, parts, 3));
  windows_limit(windows, &limit.window, workspace_id, name, duration_ms);
  return limit;
}

/*
 * `learnTraits(text, workspaceId, keyspaceId, rightsJson, limits, permissionsHeader)`, each text as
 * bytes: their number, or -1 without room. With the text alone they are unusual.
 */
static napi_value learn_traits(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  Engine *engine = node_arguments(env, info, 6, arguments);
  LearnedTraits traits = {.is_unusual = true};
  if (is_given(env, arguments[1])) {
    uint32_t length;
    traits.is_unusual = false;
    traits.workspace_id = node_slice(env, arguments[1]);
    traits.keyspace_id = node_slice(env, arguments[2]);
    traits.rights_json = node_slice(env, arguments[3]);
    traits.has_permissions_header = is_given(env, arguments[5]);
    if (traits.has_permissions_header) traits.permissions_header = node_slice(env, arguments[5]);
    MUST(napi_get_array_length(env, arguments[4], &length));
    MUST(length > LIMITS_MAX);
    for (uint32_t index = 0; index < length; index += 1) {
      napi_value parts = node_element(env, arguments[4], index);
      traits.limits[index] = limit_of(env, parts, &engine->windows, traits.workspace_id);
    }
    traits.limit_count = (int)length;
  }
  Slice text = node_slice(env, arguments[0]);
  return number_of(env, learned_add_traits(&engine->learned, text, &traits));
}

/* `learnVisibility(rootKey, traits, isVisible)`: false without room. */
static napi_value learn_visibility(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  Engine *engine = node_arguments(env, info, 3, arguments);
  int root_key = (int)node_number(env, arguments[0]);
  int traits = (int)node_number(env, arguments[1]);
  bool is_visible = node_truth(env, arguments[2]);
  return node_boolean(env, pair_table_add(&engine->learned.visible, root_key, traits, is_visible));
}

/* `learnQuery(traits, query, isSatisfied)`, the query as bytes: false without room. */
static napi_value learn_query(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  Engine *engine = node_arguments(env, info, 3, arguments);
  Learned *learned = &engine->learned;
  int traits = (int)node_number(env, arguments[0]);
  Slice text = node_slice(env, arguments[1]);
  int query = text_table_find(&learned->query_numbers, text);
  if (query < 0) query = text_table_add(&learned->query_numbers, text);
  bool is_satisfied = node_truth(env, arguments[2]);
  bool is_learned =
      query >= 0 && pair_table_add(&learned->satisfied, traits, query, is_satisfied);
  return node_boolean(env, is_learned);
}

/* `close()`: after this nothing of it may be called. */
static napi_value close_engine(napi_env env, napi_callback_info info) {
  Engine *engine = node_arguments(env, info, 0, NULL);
  learned_close(&engine->learned);
  free(engine);
  return NULL;
}

/* Where to count: cells; then where outcomes, latencies and their sum are, and the bounds. */
static Counters counters_of(napi_env env, napi_value array) {
  size_t size;
  Counters counters = {.cells = node_shared(env, array, 0, &size)};
  const int32_t *outcome_at = node_shared(env, array, 1, &size);
  MUST(size < sizeof counters.outcome_at);
  memcpy(counters.outcome_at, outcome_at, sizeof counters.outcome_at);
  const int32_t *bounds = node_shared(env, array, 2, &size);
  MUST(size > sizeof counters.latency_bounds_us);
  memcpy(counters.latency_bounds_us, bounds, size);
  counters.latency_bound_count = (int)(size / sizeof *bounds);
  const int32_t *latency_at = node_shared(env, array, 3, &size);
  MUST(size != (size_t)(counters.latency_bound_count + 1) * sizeof *latency_at);
  memcpy(counters.latency_at, latency_at, size);
  counters.latency_sum_at = (int)node_number(env, node_element(env, array, 4));
  counters.decided_at = (int)node_number(env, node_element(env, array, 5));
  return counters;
}

static const NodeCall engine_calls[] = {
    {"verify", verify},
    {"count", count},
    {"verifyMany", verify_many},
    {"useProxy", use_proxy},
    {"verifyProxy", verify_proxy},
    {"useReplica", use_replica},
    {"useSegment", use_segment},
    {"forget", forget},
    {"learnRootKey", learn_root_key},
    {"learnTraits", learn_traits},
    {"learnVisibility", learn_visibility},
    {"learnQuery", learn_query},
    {"close", close_engine},
};

/*
 * `createEngine(shared, counters, windows, bounds)`: shared is [out, text, status, event,
 * generation], windows [table, seat], bounds [key length, permissions length, verifications].
 * JavaScript has to keep what is shared.
 */
static napi_value create_engine(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  node_arguments(env, info, 4, arguments);
  Engine *engine = calloc(1, sizeof *engine);
  MUST(engine == NULL);
  size_t size;
  engine->out = node_shared(env, arguments[0], 0, &engine->out_size);
  engine->text = node_shared(env, arguments[0], 1, &engine->text_size);
  engine->status = node_shared(env, arguments[0], 2, &size);
  MUST(size < STATUS_COUNT * sizeof *engine->status);
  engine->event_words = node_shared(env, arguments[0], 3, &size);
  MUST(size < EVENT_WORDS_MAX * sizeof *engine->event_words);
  engine->generation = node_shared(env, arguments[0], 4, &size);
  engine->counters = counters_of(env, arguments[1]);
  uint32_t seat = (uint32_t)node_number(env, node_element(env, arguments[2], 1));
  windows_open(&engine->windows, node_shared(env, arguments[2], 0, &size), seat);
  engine->bounds = (BodyBounds){
      .key_length_max = (size_t)node_number(env, node_element(env, arguments[3], 0)),
      .permissions_length_max = (size_t)node_number(env, node_element(env, arguments[3], 1)),
      .verifications_max = (int)node_number(env, node_element(env, arguments[3], 2)),
  };
  learned_open(&engine->learned);
  napi_value object;
  MUST(napi_create_object(env, &object));
  node_define(env, object, engine_calls, sizeof engine_calls / sizeof *engine_calls, engine);
  napi_value handle;
  MUST(napi_create_external(env, engine, NULL, NULL, &handle));
  MUST(napi_set_named_property(env, object, "handle", handle));
  return object;
}

void engine_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"createEngine", create_engine}};
  node_define(env, exports, calls, 1, NULL);
}
