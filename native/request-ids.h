/* Ids of requests as src/domain/ids.ts makes them: `req_` and nine random characters. */
#ifndef REQUEST_IDS_H
#define REQUEST_IDS_H

#include "slice.h"

enum { REQUEST_ID_BYTES = 13 };

typedef struct {
  /* Random characters in stock: drawn by the thousand, an id is one cut out of them. */
  char stock[4096];
  size_t at;
  size_t size;
} RequestIds;

void request_ids_next(RequestIds *ids, char id[REQUEST_ID_BYTES]);

#endif
