#include "json-text.h"

#include <stdint.h>

static char *put_escaped(char *to, unsigned char character) {
  static const char hex[] = "0123456789abcdef";
  static const char names[] = "btn-fr";
  *to++ = '\\';
  if (character == '"' || character == '\\') {
    *to++ = (char)character;
  } else if (character >= '\b' && character <= '\r' && character != '\v') {
    *to++ = names[character - '\b'];
  } else {
    to = slice_put(to, SLICE("u00"));
    *to++ = hex[character >> 4];
    *to++ = hex[character & 15];
  }
  return to;
}

char *json_put_text(char *to, Slice text) {
  *to++ = '"';
  for (const char *at = text.at; at < text.at + text.size; at += 1) {
    unsigned char character = (unsigned char)*at;
    if (character < ' ' || character == '"' || character == '\\') to = put_escaped(to, character);
    else *to++ = (char)character;
  }
  *to++ = '"';
  return to;
}

char *json_put_count(char *to, double count) {
  char digits[20];
  int length = 0;
  uint64_t rest = (uint64_t)count;
  do {
    digits[length++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  while (length > 0) *to++ = digits[--length];
  return to;
}
