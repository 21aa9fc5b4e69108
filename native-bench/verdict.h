/* What is found out about a key on the way to its answer. */
#ifndef VERDICT_H
#define VERDICT_H

#include "identity-record.h"
#include "key-record.h"
#include "key-traits.h"
#include "limit-table.h"

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
  const KeyTraits *traits;
  bool has_identity;
  IdentityRecord identity;
  bool is_limit_checked;
  LimitVerdict limit_verdict;
} Verdict;

#endif
