#include "json-text.h"

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at += 1;
  return at;
}

/* Behind the closing quote of the string that begins at `at`; NULL when there is none. */
static const char *skip_string(const char *at, const char *end) {
  for (at += 1; at < end; at += 1) {
    if (*at == '"') return at + 1;
    if (*at == '\\') at += 1;
  }
  return NULL;
}

static const char *skip_nested(const char *at, const char *end) {
  for (size_t depth = 0; at < end;) {
    char character = *at;
    if (character == '"') {
      at = skip_string(at, end);
      if (at == NULL) return NULL;
      continue;
    }
    at += 1;
    if (character == '{' || character == '[') depth += 1;
    if (character == '}' || character == ']') depth -= 1;
    if (depth == 0) return at;
  }
  return NULL;
}

static const char *skip_value(const char *at, const char *end) {
  if (at == end) return NULL;
  if (*at == '"') return skip_string(at, end);
  if (*at == '{' || *at == '[') return skip_nested(at, end);
  const char *start = at;
  while (at < end && strchr(",}] \n\r\t", *at) == NULL) at += 1;
  return at > start ? at : NULL;
}

/* Behind the bracket that opens it; at the end when there is none. */
static JsonObject open_behind(Slice text, char bracket) {
  const char *end = text.at + text.size;
  const char *at = skip_blanks(text.at, end);
  bool is_open = at < end && *at == bracket;
  return (JsonObject){.at = is_open ? at + 1 : end, .end = end, .is_broken = !is_open};
}

/* Takes the value at `at`, and the comma behind it if there is one. */
static bool take_value(JsonObject *object, const char *at, char closing, Slice *value) {
  const char *end = object->end;
  const char *start = skip_blanks(at, end);
  at = skip_value(start, end);
  if (at == NULL) return false;
  *value = (Slice){start, (size_t)(at - start)};
  at = skip_blanks(at, end);
  if (at == end || (*at != ',' && *at != closing)) return false;
  object->at = *at == ',' ? at + 1 : at;
  object->is_broken = false;
  return true;
}

JsonObject json_object(Slice text) {
  return open_behind(text, '{');
}

bool json_next(JsonObject *object, JsonMember *member) {
  const char *end = object->end;
  const char *at = skip_blanks(object->at, end);
  if (object->is_broken || (at < end && *at == '}')) return false;
  object->is_broken = true;
  if (at == end || *at != '"') return false;
  const char *name = at + 1;
  at = skip_string(at, end);
  if (at == NULL) return false;
  member->name = (Slice){name, (size_t)(at - 1 - name)};
  at = skip_blanks(at, end);
  if (at == end || *at != ':') return false;
  return take_value(object, at + 1, '}', &member->value);
}

JsonArray json_array(Slice text) {
  return open_behind(text, '[');
}

bool json_next_item(JsonArray *array, Slice *item) {
  const char *at = skip_blanks(array->at, array->end);
  if (array->is_broken || (at < array->end && *at == ']')) return false;
  array->is_broken = true;
  return take_value(array, at, ']', item);
}

Slice json_find(Slice text, Slice name) {
  JsonObject object = json_object(text);
  JsonMember member;
  while (json_next(&object, &member)) {
    if (slice_equals(member.name, name)) return member.value;
  }
  return SLICE("");
}

static int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

/* The four digits at `at`, or -1. */
static long hex_word(const char *at, const char *end) {
  if (end - at < 4) return -1;
  long word = 0;
  for (int digit = 0; digit < 4; digit += 1) {
    int value = hex_digit(at[digit]);
    if (value < 0) return -1;
    word = word * 16 + value;
  }
  return word;
}

static char *put_utf8(char *to, long point) {
  if (point < 0x80) {
    *to++ = (char)point;
    return to;
  }
  if (point < 0x800) {
    *to++ = (char)(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      *to++ = (char)(0xe0 | (point >> 12));
    } else {
      *to++ = (char)(0xf0 | (point >> 18));
      *to++ = (char)(0x80 | ((point >> 12) & 0x3f));
    }
    *to++ = (char)(0x80 | ((point >> 6) & 0x3f));
  }
  *to++ = (char)(0x80 | (point & 0x3f));
  return to;
}

/* Reads what follows `\u`, a second half included, and returns the place behind it, or NULL. */
static const char *unescape_point(const char *at, const char *end, char **to) {
  long point = hex_word(at, end);
  if (point < 0) return NULL;
  at += 4;
  bool is_first_half = point >= 0xd800 && point < 0xdc00;
  if (is_first_half && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
    long second = hex_word(at + 2, end);
    if (second >= 0xdc00 && second < 0xe000) {
      point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
      at += 6;
    }
  }
  *to = put_utf8(*to, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
  return at;
}

bool json_string(Slice value, char *room, Slice *characters) {
  if (value.size < 2 || value.at[0] != '"') return false;
  const char *at = value.at + 1;
  const char *end = value.at + value.size - 1;
  *characters = (Slice){at, (size_t)(end - at)};
  if (memchr(at, '\\', characters->size) == NULL) return true;
  static const char names[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  char *to = room;
  while (at < end) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    at += 1;
    if (at == end) return false;
    if (*at == 'u') {
      at = unescape_point(at + 1, end, &to);
      if (at == NULL) return false;
      continue;
    }
    const char *name = memchr(names, *at, sizeof names - 1);
    if (name == NULL) return false;
    *to++ = meanings[name - names];
    at += 1;
  }
  *characters = (Slice){room, (size_t)(to - room)};
  return true;
}
