/*
 * Bytes to send again and again, in which `{key}` stands for a key: each sending puts another one
 * into each such place. All keys are equally long, so a Content-Length stays true.
 */
#ifndef REQUEST_TEMPLATE_H
#define REQUEST_TEMPLATE_H

#include <stdint.h>

#include "slice.h"

/* `bench_` and the key's number, with zeros in front. */
enum { KEY_PREFIX_BYTES = 6, KEY_DIGITS = 22, KEY_BYTES = KEY_PREFIX_BYTES + KEY_DIGITS };

typedef struct {
  /* With a key of zeros wherever one belongs. */
  char *bytes;
  size_t size;
  size_t *places;
  size_t place_count;
} RequestTemplate;

void request_template_read(RequestTemplate *request, const char *path);

/* Puts the key of that number at its `place`, counted from 0. */
void request_template_set(RequestTemplate *request, size_t place, uint64_t number);

#endif
