/* What is found out about a key on the way to its answer. */
#ifndef VERDICT_H
#define VERDICT_H

#include "key-record.h"
#include "limit-table.h"

enum { SLUGS_MAX = 64, IDENTITY_BYTES_MAX = 4096 };

/* The places of outcomes in src/domain/outcome.ts. */
typedef enum {
  VALID,
  NOT_FOUND,
  FORBIDDEN,
  INSUFFICIENT_PERMISSIONS,
  USAGE_EXCEEDED,
  RATE_LIMITED,
  DISABLED,
  EXPIRED,
} Outcome;

typedef struct {
  Outcome outcome;
  Slice request_id;
  /* Of the root key that asks. */
  Slice workspace_id;
  int64_t now_ms;
  /* The rest holds unless the key was not found. */
  KeyRecord key;
  Slice keyspace_id;
  /* With their quotes. */
  Slice slugs[SLUGS_MAX];
  int slug_count;
  bool has_identity;
  /* With its quotes, and its characters. */
  Slice external_id_json;
  Slice external_id;
  Slice identity_meta;
  /* What the two slices above point into when there were escapes. */
  char external_id_room[IDENTITY_BYTES_MAX];
  char identity_meta_room[IDENTITY_BYTES_MAX];
  const KeyLimit *limit;
  LimitVerdict limit_verdict;
} Verdict;

#endif
