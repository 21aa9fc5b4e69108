#include "http-head.h"

#include <stdint.h>

/* Which bytes may stand where. */
enum { TOKEN = 1, VALUE = 2, TARGET = 4 };

static const uint8_t *byte_classes(void) {
  static uint8_t classes[256];
  if (classes['A'] != 0) return classes;
  for (int byte = 0x21; byte < 0x7f; byte += 1) classes[byte] = VALUE | TARGET;
  classes[' '] = VALUE;
  const char token[] = "!#$%&'*+-.^_`|~";
  for (const char *at = token; *at != 0; at += 1) classes[(uint8_t)*at] |= TOKEN;
  for (int byte = '0'; byte <= '9'; byte += 1) classes[byte] |= TOKEN;
  for (int byte = 'a'; byte <= 'z'; byte += 1) {
    classes[byte] |= TOKEN;
    classes[byte - 'a' + 'A'] |= TOKEN;
  }
  return classes;
}

/* Up to the first byte that is not of the class. */
static const char *skip(const uint8_t *classes, int class, const char *at, const char *end) {
  while (at < end && (classes[(uint8_t)*at] & class) != 0) at += 1;
  return at;
}

/* `name` is in lower case. */
static bool is_named(Slice text, Slice name) {
  if (text.size != name.size) return false;
  for (size_t at = 0; at < name.size; at += 1) {
    char byte = text.at[at];
    if (byte >= 'A' && byte <= 'Z') byte |= 0x20;
    if (byte != name.at[at]) return false;
  }
  return true;
}

Slice http_header(const HttpHead *head, Slice name) {
  for (int index = 0; index < head->header_count; index += 1) {
    if (is_named(head->headers[index].name, name)) return head->headers[index].value;
  }
  return SLICE("");
}

/* What the headers say of the request as a whole. */
typedef struct {
  bool has_host;
  bool has_length;
  size_t length;
} Framing;

static bool read_length(Slice text, Framing *framing) {
  if (framing->has_length || text.size == 0 || text.size > 8) return false;
  framing->has_length = true;
  for (size_t at = 0; at < text.size; at += 1) {
    if (text.at[at] < '0' || text.at[at] > '9') return false;
    framing->length = framing->length * 10 + (size_t)(text.at[at] - '0');
  }
  return true;
}

/* False for a header that makes the request a strange one. */
static bool note_header(HttpHeader header, HttpHead *head, Framing *framing) {
  Slice name = header.name;
  switch (name.size) {
    case 4:
      if (!is_named(name, SLICE("host"))) return true;
      if (framing->has_host) return false;
      framing->has_host = true;
      return true;
    case 6:
      return !is_named(name, SLICE("expect"));
    case 7:
      return !is_named(name, SLICE("upgrade")) && !is_named(name, SLICE("trailer"));
    case 10:
      if (!is_named(name, SLICE("connection"))) return true;
      head->is_last = is_named(header.value, SLICE("close"));
      return head->is_last || is_named(header.value, SLICE("keep-alive"));
    case 14:
      return !is_named(name, SLICE("content-length")) || read_length(header.value, framing);
    case 17:
      return !is_named(name, SLICE("transfer-encoding"));
    default:
      return true;
  }
}

/* `METHOD /path?query HTTP/1.1`, without the end of the line. */
static bool read_line(const uint8_t *classes, const char *at, const char *end, HttpHead *head) {
  const Slice version = SLICE(" HTTP/1.1");
  const char *method_end = at;
  while (method_end < end && *method_end >= 'A' && *method_end <= 'Z') method_end += 1;
  if (method_end == at || method_end - at > 16 || method_end == end) return false;
  if (*method_end != ' ' || method_end + 1 == end || method_end[1] != '/') return false;
  const char *target = method_end + 1;
  const char *target_end = skip(classes, TARGET, target, end);
  if (!slice_equals((Slice){target_end, (size_t)(end - target_end)}, version)) return false;
  const char *mark = memchr(target, '?', (size_t)(target_end - target));
  const char *path_end = mark == NULL ? target_end : mark;
  head->method = (Slice){at, (size_t)(method_end - at)};
  head->path = (Slice){target, (size_t)(path_end - target)};
  head->query = mark == NULL ? SLICE("") : (Slice){mark + 1, (size_t)(target_end - mark - 1)};
  return true;
}

/* A header from `at` up to the end of its line; NULL for a strange one. */
static const char *read_header(const uint8_t *classes, const char *at, const char *end,
                               HttpHeader *header) {
  const char *colon = skip(classes, TOKEN, at, end);
  if (colon == at || colon == end || *colon != ':') return NULL;
  const char *value = colon + 1;
  if (value < end && *value == ' ') value += 1;
  const char *value_end = skip(classes, VALUE, value, end);
  if (value_end > value && (*value == ' ' || value_end[-1] == ' ')) return NULL;
  header->name = (Slice){at, (size_t)(colon - at)};
  header->value = (Slice){value, (size_t)(value_end - value)};
  return value_end;
}

/* All headers and the empty line; NULL for strange ones. `end` is behind that line. */
static const char *read_headers(const uint8_t *classes, const char *at, const char *end,
                                HttpHead *head, Framing *framing) {
  while (*at != '\r') {
    if (head->header_count == HTTP_HEADERS_MAX) return NULL;
    HttpHeader *header = &head->headers[head->header_count];
    const char *line_end = read_header(classes, at, end, header);
    if (line_end == NULL || line_end[0] != '\r' || line_end[1] != '\n') return NULL;
    if (!note_header(*header, head, framing)) return NULL;
    head->header_count += 1;
    at = line_end + 2;
  }
  return at[1] == '\n' ? at + 2 : NULL;
}

/* Only these have a body, and they have to say how long it is. */
static bool is_framed(const HttpHead *head, const Framing *framing) {
  bool has_body = slice_equals(head->method, SLICE("POST"));
  return has_body ? framing->has_length : framing->length == 0;
}

/* Whether the lines of a head that are there so far could begin one that is not strange. */
static bool begins_well(const uint8_t *classes, const char *at, const char *end) {
  if (at < end && (*at < 'A' || *at > 'Z')) return false;
  HttpHead head;
  bool is_first = true;
  for (const char *line_end; (line_end = memchr(at, '\n', (size_t)(end - at))) != NULL;) {
    HttpHeader header;
    if (line_end == at || line_end[-1] != '\r') return false;
    const char *text_end = line_end - 1;
    bool is_read = is_first ? read_line(classes, at, text_end, &head)
                            : read_header(classes, at, text_end, &header) == text_end;
    if (!is_read) return false;
    is_first = false;
    at = line_end + 1;
  }
  const char *line_end = skip(classes, VALUE, at, end);
  return line_end == end || (*line_end == '\r' && line_end + 1 == end);
}

HttpState http_head_read(const char *at, const char *end, HttpHead *head, size_t *size) {
  const uint8_t *classes = byte_classes();
  size_t available = (size_t)(end - at);
  size_t searched = available < HTTP_HEAD_BYTES_MAX ? available : HTTP_HEAD_BYTES_MAX;
  *size = 0;
  const char *head_end = memmem(at, searched, "\r\n\r\n", 4);
  if (head_end == NULL) {
    bool is_partial = searched < HTTP_HEAD_BYTES_MAX && begins_well(classes, at, end);
    return is_partial ? HTTP_PARTIAL : HTTP_STRANGE;
  }
  head_end += 4;
  const char *line_end = memchr(at, '\r', (size_t)(head_end - at));
  Framing framing = {false, false, 0};
  head->is_last = false;
  head->header_count = 0;
  if (line_end[1] != '\n' || !read_line(classes, at, line_end, head)) return HTTP_STRANGE;
  const char *body = read_headers(classes, line_end + 2, head_end, head, &framing);
  if (body != head_end || !framing.has_host || !is_framed(head, &framing)) return HTTP_STRANGE;
  head->body = (Slice){body, framing.length};
  *size = (size_t)(body - at) + framing.length;
  return *size <= available ? HTTP_COMPLETE : HTTP_PARTIAL;
}
