#include "http-request.h"

#include <strings.h>

static bool is_named(Slice header, Slice name) {
  return header.size == name.size && strncasecmp(header.at, name.at, name.size) == 0;
}

static Slice trim(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t')) at += 1;
  while (at < end && (end[-1] == ' ' || end[-1] == '\t')) end -= 1;
  return (Slice){at, (size_t)(end - at)};
}

/* -1 for what is not a number of at most nine digits. */
static long read_length(Slice text) {
  long length = 0;
  if (text.size == 0 || text.size > 9) return -1;
  for (size_t at = 0; at < text.size; at += 1) {
    if (text.at[at] < '0' || text.at[at] > '9') return -1;
    length = length * 10 + (text.at[at] - '0');
  }
  return length;
}

static bool read_line(Slice line, HttpRequest *request) {
  const char *end = line.at + line.size;
  const char *first = memchr(line.at, ' ', line.size);
  if (first == NULL) return false;
  const char *second = memchr(first + 1, ' ', (size_t)(end - first - 1));
  if (second == NULL) return false;
  request->method = (Slice){line.at, (size_t)(first - line.at)};
  request->path = (Slice){first + 1, (size_t)(second - first - 1)};
  return slice_equals((Slice){second + 1, (size_t)(end - second - 1)}, SLICE("HTTP/1.1"));
}

/* False for a header that makes the request one that cannot be read. */
static bool read_header(Slice line, HttpRequest *request, long *body_bytes) {
  const char *colon = memchr(line.at, ':', line.size);
  if (colon == NULL) return false;
  Slice name = {line.at, (size_t)(colon - line.at)};
  Slice value = trim(colon + 1, line.at + line.size);
  switch (name.size) {
    case 12:
      if (is_named(name, SLICE("content-type"))) request->content_type = value;
      return true;
    case 13:
      if (is_named(name, SLICE("authorization"))) request->authorization = value;
      return true;
    case 14:
      if (!is_named(name, SLICE("content-length"))) return true;
      *body_bytes = read_length(value);
      return *body_bytes >= 0;
    case 17:
      return !is_named(name, SLICE("transfer-encoding"));
    default:
      return true;
  }
}

RequestState http_request_read(Slice bytes, HttpRequest *request) {
  const char *end = bytes.at + bytes.size;
  const char *at = bytes.at;
  long body_bytes = 0;
  request->authorization = request->content_type = SLICE("");
  for (bool is_first = true;; is_first = false) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL) return REQUEST_UNFINISHED;
    if (newline == at || newline[-1] != '\r') return REQUEST_BROKEN;
    Slice line = {at, (size_t)(newline - 1 - at)};
    at = newline + 1;
    if (is_first) {
      if (!read_line(line, request)) return REQUEST_BROKEN;
    } else if (line.size == 0) {
      break;
    } else if (!read_header(line, request, &body_bytes)) {
      return REQUEST_BROKEN;
    }
  }
  if (end - at < body_bytes) return REQUEST_UNFINISHED;
  request->body = (Slice){at, (size_t)body_bytes};
  request->size = (size_t)(at - bytes.at) + (size_t)body_bytes;
  return REQUEST_COMPLETE;
}
