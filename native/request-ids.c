#include "request-ids.h"

#include <sys/random.h>

#include "must.h"

enum { RANDOM_BYTES = REQUEST_ID_BYTES - 4, ALPHABET_SIZE = 62 };
/* Bytes from here on are thrown away, so that every character is equally likely. */
enum { FAIR_LIMIT = 256 - 256 % ALPHABET_SIZE };

static void refill(RequestIds *ids) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  /* As much as is given without a signal between; what a signal has cut off is drawn next time. */
  ssize_t drawn = getrandom(ids->stock, sizeof ids->stock, 0);
  ids->at = ids->size = 0;
  for (ssize_t index = 0; index < drawn; index += 1) {
    unsigned char byte = (unsigned char)ids->stock[index];
    if (byte < FAIR_LIMIT) ids->stock[ids->size++] = alphabet[byte % ALPHABET_SIZE];
  }
}

void request_ids_next(RequestIds *ids, char id[REQUEST_ID_BYTES]) {
  while (ids->size - ids->at < RANDOM_BYTES) refill(ids);
  memcpy(id, "req_", 4);
  memcpy(id + 4, ids->stock + ids->at, RANDOM_BYTES);
  ids->at += RANDOM_BYTES;
}
