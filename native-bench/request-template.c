#include "request-template.h"

#include "failure.h"

static const Slice marker = {"{key}", 5};
static const Slice key_prefix = {"bench_", KEY_PREFIX_BYTES};

static Slice read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail_of_system(path);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)size + 1);
  if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) fail_of_system(path);
  fclose(file);
  return (Slice){bytes, (size_t)size};
}

void request_template_read(RequestTemplate *request, const char *path) {
  Slice text = read_file(path);
  size_t room = (text.size / marker.size + 1) * KEY_BYTES + text.size;
  request->bytes = malloc(room);
  request->places = malloc((text.size / marker.size + 1) * sizeof *request->places);
  if (request->bytes == NULL || request->places == NULL) fail_of_system(path);
  request->place_count = 0;
  char *to = request->bytes;
  const char *end = text.at + text.size;
  for (const char *at = text.at; at < end;) {
    if (!slice_starts_with((Slice){at, (size_t)(end - at)}, marker)) {
      *to++ = *at++;
      continue;
    }
    to = slice_put(to, key_prefix);
    request->places[request->place_count++] = (size_t)(to - request->bytes);
    memset(to, '0', KEY_DIGITS);
    to += KEY_DIGITS;
    at += marker.size;
  }
  request->size = (size_t)(to - request->bytes);
  free((void *)text.at);
}

void request_template_set(RequestTemplate *request, size_t place, uint64_t number) {
  char *digits = request->bytes + request->places[place];
  for (int digit = KEY_DIGITS - 1; digit >= 0; digit -= 1) {
    digits[digit] = (char)('0' + number % 10);
    number /= 10;
  }
}
