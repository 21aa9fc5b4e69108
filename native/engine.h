/*
 * The usual verification, from the body of its request to the bytes of its answer, with its event
 * spooled and its counters counted: what src/verify and src/http decide for any request, decided
 * alike for most, without an allocation and without a system call. Whatever is not usual, or not
 * yet known, is declined before anything has been counted; TypeScript then teaches what is missing,
 * or decides.
 *
 * One engine belongs to one thread.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "event.h"
#include "learned.h"
#include "request-body.h"
#include "spool-segment.h"
#include "tree-file.h"
#include "windows.h"

/* Why nothing was decided: below 0, the numbers of src/native/engine.ts. */
typedef enum {
  UNUSUAL = -1,
  /* The replica has changed, or there is none. */
  STALE = -2,
  UNKNOWN_ROOT_KEY = -3,
  UNKNOWN_TRAITS = -4,
  UNKNOWN_VISIBILITY = -5,
  UNKNOWN_QUERY = -6,
  /* There is no room for the answer: those before it have to be taken first. */
  FULL = -7,
  /* Answered; but the event has to be taken before the next question. */
  EVENT_WAITS = -8,
} Refusal;

/* What the caller learns besides: 32-bit numbers at these places, shared with TypeScript. */
enum {
  /* Whom and what an unknown visibility or query is about, by number. */
  STATUS_ROOT_KEY,
  STATUS_TRAITS,
  /* Of unknown traits or an unknown query: so many bytes of `text`. */
  STATUS_TEXT_BYTES,
  /* Of an event that the segment did not take: so many bytes of `event_words`; else 0. */
  STATUS_EVENT_BYTES,
  /* Of a list: the place in the body where the first question begins that was not answered, and why
   * it was not; 0 when all are. */
  STATUS_BODY_AT,
  STATUS_REFUSAL,
  /* Of an answer to a proxy, how many bytes its body has, which stands in `text`. */
  STATUS_BODY_BYTES,
  STATUS_COUNT,
};

/* Where this worker counts, in 64-bit cells. */
enum { LATENCY_BOUNDS_MAX = 32 };
typedef struct {
  int64_t *cells;
  int outcome_at[OUTCOME_COUNT];
  int latency_bound_count;
  uint32_t latency_bounds_us[LATENCY_BOUNDS_MAX];
  /* One more than there are bounds. */
  int latency_at[LATENCY_BOUNDS_MAX + 1];
  int latency_sum_at;
  /* Where it counts what was decided here. */
  int decided_at;
} Counters;

/* What proxies ask for, until another one asks for something else. */
enum { PROXY_QUERY_BYTES_MAX = 1024 };
typedef struct {
  /* Whether the texts are whole: nothing is decided here otherwise. */
  bool is_usable;
  /* Whether the API needs no root key. */
  bool is_open;
  /* Empty for any API. */
  Slice api_id;
  /* Empty without a query. */
  Slice permissions;
  char api_id_room[ROOT_KEY_NAME_BYTES_MAX];
  char permissions_room[PROXY_QUERY_BYTES_MAX];
} ProxyTerms;

typedef struct {
  /* Bytes NULL while there is none. */
  TreeFile replica;
  uint64_t keys_root;
  uint64_t identities_root;
  /* Raised by another process with every change of the replica, and what it was for the roots. */
  const int32_t *generation;
  int32_t generation_seen;
  Windows windows;
  SpoolSegment segment;
  Counters counters;
  BodyBounds bounds;
  ProxyTerms proxy;
  Learned learned;
  RequestIds request_ids;
  char *out;
  size_t out_size;
  int32_t *status;
  /* For a text that is not known, or the body of an answer to a proxy. */
  char *text;
  size_t text_size;
  /* EVENT_WORDS_MAX of them. */
  uint32_t *event_words;
  /* Raised when what was looked up before does not hold any more, or is not there any more. */
  uint32_t changes;
} Engine;

/* A request for one or many verifications. */
typedef struct {
  Slice authorization;
  char request_id[REQUEST_ID_BYTES];
  /* Unix ms. */
  double now_ms;
  int64_t started_at_ns;
} Asked;

/* A proxy's request, about one of its own. */
typedef struct {
  Slice root_key;
  Slice key;
  /* As the proxy tells it. */
  Original original;
  double now_ms;
  int64_t started_at_ns;
} ProxyAsked;

/* Terms whose texts are too long are not usable. */
void proxy_terms_set(ProxyTerms *terms, Slice api_id, Slice permissions, bool is_open);

/* The length of the headers in `out` that answer for a key that is good, or a Refusal. */
int engine_verify_proxy(Engine *engine, const ProxyTerms *terms, const ProxyAsked *asked);

/* The length of the whole answer in `out`, or a Refusal. */
int engine_verify(Engine *engine, Slice body, const Asked *asked);

/*
 * Answers the questions of a list from `body_at` on, 0 for the first, up to one that is refused.
 * Returns the number of bytes in `out`: their answers with commas between.
 */
size_t engine_verify_many(Engine *engine, Slice body, size_t body_at, const Asked *asked);

int64_t monotonic_ns(void);

#endif
