/* `req_` and nine random characters of [A-Za-z0-9], as src/domain/ids.ts makes them. */
#ifndef REQUEST_ID_H
#define REQUEST_ID_H

#include <sys/random.h>

#include "failure.h"

enum { REQUEST_ID_BYTES = 13, REQUEST_ID_POOL_BYTES = 4096 };

typedef struct {
  unsigned char pool[REQUEST_ID_POOL_BYTES];
  size_t at;
} RequestIds;

static inline unsigned char request_id_byte(RequestIds *ids) {
  if (ids->at == 0) {
    if (getrandom(ids->pool, sizeof ids->pool, 0) != sizeof ids->pool) fail_of_system("getrandom");
    ids->at = sizeof ids->pool;
  }
  ids->at -= 1;
  return ids->pool[ids->at];
}

static inline void request_id_make(RequestIds *ids, char id[REQUEST_ID_BYTES]) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  memcpy(id, "req_", 4);
  for (int length = 4; length < REQUEST_ID_BYTES;) {
    unsigned char byte = request_id_byte(ids);
    /* 248 is the largest multiple of 62: each character is equally likely. */
    if (byte < 248) id[length++] = alphabet[byte % 62];
  }
}

#endif
