#include "request-body.h"

/* The plain characters from `at` up to a quote, which is left. False when there are none, or too
 * many, or others. */
static bool take_plain(const char **at, const char *end, size_t length_max, Slice *text) {
  const char *start = *at;
  const char *stop = (size_t)(end - start) > length_max ? start + length_max + 1 : end;
  for (const char *here = start; here < stop; here += 1) {
    unsigned char character = (unsigned char)*here;
    if (character == '"') {
      *text = (Slice){start, (size_t)(here - start)};
      *at = here;
      return here > start;
    }
    if (character < 0x20 || character > 0x7e || character == '\\') return false;
  }
  return false;
}

static bool take_literal(const char **at, const char *end, Slice literal) {
  if (!slice_starts_with((Slice){*at, (size_t)(end - *at)}, literal)) return false;
  *at += literal.size;
  return true;
}

const char *question_read(const char *at, const char *end, const BodyBounds *bounds,
                          Question *question) {
  question->permissions = SLICE("");
  if (!take_literal(&at, end, SLICE("{\"key\":\""))) return NULL;
  if (!take_plain(&at, end, bounds->key_length_max, &question->key)) return NULL;
  if (take_literal(&at, end, SLICE("\"}"))) return at;
  if (!take_literal(&at, end, SLICE("\",\"permissions\":\""))) return NULL;
  if (!take_plain(&at, end, bounds->permissions_length_max, &question->permissions)) return NULL;
  return take_literal(&at, end, SLICE("\"}")) ? at : NULL;
}

int questions_count(Slice body, const BodyBounds *bounds) {
  const char *at = body.at;
  const char *end = at + body.size;
  Question question;
  if (!take_literal(&at, end, SLICE("["))) return 0;
  for (int count = 1; count <= bounds->verifications_max; count += 1) {
    at = question_read(at, end, bounds, &question);
    if (at == NULL || at == end) return 0;
    if (*at == ']') return at + 1 == end ? count : 0;
    if (*at != ',') return 0;
    at += 1;
  }
  return 0;
}
