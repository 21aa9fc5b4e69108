#include "proxy-answer.h"

#include "answer-json.h"
#include "json-text.h"

/* As there: larger values are left out, which is not done here. */
enum { VALUE_BYTES_MAX = 2048 };

#define PUT(literal) to = slice_put(to, SLICE(literal))

static bool is_printable(Slice text) {
  for (size_t at = 0; at < text.size; at += 1) {
    if (text.at[at] < 0x20 || text.at[at] > 0x7e) return false;
  }
  return true;
}

size_t proxy_headers_bytes_max(const Verdict *verdict) {
  const Slice meta = verdict->key.meta_json;
  const LearnedTraits *traits = verdict->traits;
  size_t size = 1024 + verdict->key.key_id.size;
  if (traits->limit_count > 1 || !traits->has_permissions_header) return 0;
  if (meta.size > VALUE_BYTES_MAX || !is_printable(meta)) return 0;
  size += meta.size + traits->permissions_header.size;
  if (verdict->has_identity) {
    size_t owner_bytes_max = 3 * verdict->identity.external_id.size;
    if (owner_bytes_max > VALUE_BYTES_MAX) return 0;
    size += owner_bytes_max;
  }
  return traits->limit_count == 0 ? size : size + traits->limits[0].header_name.size;
}

/* As headerText of src/http/header-text.ts: percent-encoding of what cannot stand in a value. */
static char *put_text(char *to, Slice text) {
  static const char hex[] = "0123456789ABCDEF";
  for (size_t at = 0; at < text.size; at += 1) {
    unsigned char byte = (unsigned char)text.at[at];
    if (byte > 0x20 && byte < 0x7f && byte != ',' && byte != '%') {
      *to++ = (char)byte;
      continue;
    }
    *to++ = '%';
    *to++ = hex[byte >> 4];
    *to++ = hex[byte & 15];
  }
  return to;
}

/* Rounded up; 0 once it is reached. */
static double seconds_until(double at_ms, double now_ms) {
  double left_ms = at_ms - now_ms;
  if (left_ms <= 0) return 0;
  double whole = (double)(uint64_t)(left_ms / 1000);
  return whole * 1000 < left_ms ? whole + 1 : whole;
}

static char *put_limit(char *to, const Verdict *verdict) {
  const LearnedLimit *limit = &verdict->traits->limits[0];
  const WindowVerdict *found = &verdict->checked_limits[0];
  PUT("\r\nRateLimit-Limit: ");
  to = json_put_count(to, limit->limit);
  PUT("\r\nRateLimit-Remaining: ");
  to = json_put_count(to, found->remaining);
  PUT("\r\nRateLimit-Reset: ");
  to = json_put_count(to, seconds_until(found->reset_at_ms, verdict->now_ms));
  PUT("\r\nX-Latchkey-RateLimit-Name: ");
  to = slice_put(to, limit->header_name);
  PUT("\r\nX-Latchkey-RateLimit-Limit: ");
  to = json_put_count(to, limit->limit);
  PUT("\r\nX-Latchkey-RateLimit-Remaining: ");
  to = json_put_count(to, found->remaining);
  PUT("\r\nX-Latchkey-RateLimit-Reset: ");
  return json_put_count(to, found->reset_at_ms);
}

char *proxy_put_headers(char *to, const Verdict *verdict) {
  PUT("application/json\r\nCache-Control: no-store\r\nX-Latchkey-Code: VALID");
  PUT("\r\nX-Latchkey-Request-Id: ");
  to = slice_put(to, (Slice){verdict->request_id, REQUEST_ID_BYTES});
  PUT("\r\nX-Latchkey-Key-Id: ");
  to = slice_put(to, verdict->key.key_id);
  if (verdict->checked_limit_count > 0) to = put_limit(to, verdict);
  if (verdict->has_identity) {
    PUT("\r\nX-Latchkey-Owner: ");
    to = put_text(to, verdict->identity.external_id);
  }
  if (verdict->key.meta_json.size > 0) {
    PUT("\r\nX-Latchkey-Meta: ");
    to = slice_put(to, verdict->key.meta_json);
  }
  if (verdict->traits->permissions_header.size > 0) {
    PUT("\r\nX-Latchkey-Permissions: ");
    to = slice_put(to, verdict->traits->permissions_header);
  }
  return to;
}

char *proxy_put_body(char *to, const Verdict *verdict) {
  to = answer_open(to, verdict->request_id);
  PUT("{\"valid\":true,\"code\":\"VALID\"}");
  return answer_close(to);
}
