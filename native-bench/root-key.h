/* Who asks. What was found out about the last root key is kept, as the product keeps it. */
#ifndef ROOT_KEY_H
#define ROOT_KEY_H

#include <stdint.h>

#include "documents.h"
#include "sha256.h"

typedef struct {
  unsigned char hash[SHA256_BYTES];
  /* In force but for its expiry, with every right, and of a workspace that is enabled. */
  bool is_good;
  /* 0: never. */
  int64_t expires_at_ms;
  Slice workspace_id;
} RootKey;

/* Whether the root key admits at this time; if so, `last` is about it. */
bool root_key_admits(RootKey *last, const Replica *replica, const Documents *documents, Slice key,
                     int64_t now_ms);

#endif
