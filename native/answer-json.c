#include "answer-json.h"

#include "json-text.h"

static const Slice outcome_names[OUTCOME_COUNT] = {
    [VALID] = {"VALID", 5},
    [NOT_FOUND] = {"NOT_FOUND", 9},
    [FORBIDDEN] = {"FORBIDDEN", 9},
    [INSUFFICIENT_PERMISSIONS] = {"INSUFFICIENT_PERMISSIONS", 24},
    [USAGE_EXCEEDED] = {"USAGE_EXCEEDED", 14},
    [RATE_LIMITED] = {"RATE_LIMITED", 12},
    [DISABLED] = {"DISABLED", 8},
    [EXPIRED] = {"EXPIRED", 7},
};

#define PUT(literal) to = slice_put(to, SLICE(literal))

size_t answer_bytes_max(const Verdict *verdict) {
  /* Names, numbers and the envelope. */
  size_t size = 512;
  if (verdict->outcome == NOT_FOUND) return size;
  const KeyRecord *key = &verdict->key;
  size += key->key_id.size + json_bytes_max(key->name) + key->meta_json.size;
  size += verdict->traits->rights_json.size + key->identity_id.size;
  if (verdict->has_identity) {
    size += json_bytes_max(verdict->identity.external_id) + verdict->identity.meta_json.size;
  }
  for (int index = 0; index < verdict->traits->limit_count; index += 1) {
    size += 128 + key->limit_ids.size + verdict->traits->limits[index].json.size;
  }
  return size;
}

Slice limit_id_at(Slice ids, int place) {
  const char *at = ids.at;
  const char *end = ids.at + ids.size;
  for (;; place -= 1) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    if (comma == NULL) return (Slice){at, (size_t)(end - at)};
    if (place == 0) return (Slice){at, (size_t)(comma - at)};
    at = comma + 1;
  }
}

static char *put_limits(char *to, const Verdict *verdict) {
  PUT(",\"ratelimits\":[");
  for (int index = 0; index < verdict->checked_limit_count; index += 1) {
    const LearnedLimit *limit = &verdict->traits->limits[index];
    const WindowVerdict *found = &verdict->checked_limits[index];
    if (index > 0) *to++ = ',';
    PUT("{\"id\":\"");
    to = slice_put(to, limit_id_at(verdict->key.limit_ids, limit->place));
    to = slice_put(to, limit->json);
    to = json_put_count(to, found->remaining);
    PUT(",\"reset\":");
    to = json_put_count(to, found->reset_at_ms);
    if (found->is_exceeded) PUT(",\"exceeded\":true");
    else PUT(",\"exceeded\":false");
    PUT(",\"autoApply\":true}");
  }
  *to++ = ']';
  return to;
}

static char *put_identity(char *to, const Verdict *verdict) {
  PUT(",\"identity\":{\"id\":\"");
  to = slice_put(to, verdict->key.identity_id);
  PUT("\",\"externalId\":");
  to = json_put_text(to, verdict->identity.external_id);
  if (verdict->identity.meta_json.size > 0) {
    PUT(",\"meta\":");
    to = slice_put(to, verdict->identity.meta_json);
  }
  *to++ = '}';
  return to;
}

static char *put_found(char *to, const Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  PUT(",\"keyId\":\"");
  to = slice_put(to, key->key_id);
  *to++ = '"';
  if (key->name.size > 0) {
    PUT(",\"name\":");
    to = json_put_text(to, key->name);
  }
  if (key->meta_json.size > 0) {
    PUT(",\"meta\":");
    to = slice_put(to, key->meta_json);
  }
  if (key->expires_at_ms != 0) {
    PUT(",\"expires\":");
    to = json_put_count(to, key->expires_at_ms);
  }
  if (key->is_enabled) PUT(",\"enabled\":true");
  else PUT(",\"enabled\":false");
  to = slice_put(to, verdict->traits->rights_json);
  if (verdict->has_identity) to = put_identity(to, verdict);
  return verdict->checked_limit_count > 0 ? put_limits(to, verdict) : to;
}

char *answer_open(char *to, const char request_id[REQUEST_ID_BYTES]) {
  PUT("{\"meta\":{\"requestId\":\"");
  to = slice_put(to, (Slice){request_id, REQUEST_ID_BYTES});
  PUT("\"},\"data\":");
  return to;
}

char *answer_put(char *to, const Verdict *verdict) {
  if (verdict->outcome == VALID) PUT("{\"valid\":true,\"code\":\"");
  else PUT("{\"valid\":false,\"code\":\"");
  to = slice_put(to, outcome_names[verdict->outcome]);
  *to++ = '"';
  if (verdict->outcome != NOT_FOUND) to = put_found(to, verdict);
  *to++ = '}';
  return to;
}

char *answer_close(char *to) {
  *to++ = '}';
  return to;
}
