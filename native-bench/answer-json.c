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

/* Between quotes, with the escapes of JSON.stringify. */
static char *put_text(char *to, Slice text) {
  static const char hex[] = "0123456789abcdef";
  static const char names[] = "btn-fr";
  *to++ = '"';
  for (const char *at = text.at; at < text.at + text.size; at += 1) {
    unsigned char character = (unsigned char)*at;
    if (character == '"' || character == '\\') *to++ = '\\';
    if (character >= ' ') {
      *to++ = (char)character;
    } else if (character >= '\b' && character <= '\r' && character != '\v') {
      *to++ = '\\';
      *to++ = names[character - '\b'];
    } else {
      PUT("\\u00");
      *to++ = hex[character >> 4];
      *to++ = hex[character & 15];
    }
  }
  *to++ = '"';
  return to;
}

/* One of the ids that have commas between them. */
static Slice id_at(Slice ids, int place) {
  const char *at = ids.at;
  const char *end = ids.at + ids.size;
  for (;; place -= 1) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    if (comma == NULL) return (Slice){at, (size_t)(end - at)};
    if (place == 0) return (Slice){at, (size_t)(comma - at)};
    at = comma + 1;
  }
}

static char *put_limit(char *to, const Verdict *verdict) {
  const KeyLimit *limit = &verdict->traits->limit;
  const LimitVerdict *found = &verdict->limit_verdict;
  PUT(",\"ratelimits\":[{\"id\":\"");
  to = slice_put(to, id_at(verdict->key.limit_ids, limit->place));
  to = slice_put(to, limit->json);
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
  to = put_text(to, verdict->identity.external_id);
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
    to = put_text(to, key->name);
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
  to = slice_put(to, verdict->traits->permissions_json);
  if (verdict->has_identity) to = put_identity(to, verdict);
  return verdict->is_limit_checked ? put_limit(to, verdict) : to;
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
