/* What is found out about a key on the way to its answer. */
#ifndef VERDICT_H
#define VERDICT_H

#include "key-traits.h"
#include "limit-table.h"
#include "outcome.h"
#include "records.h"

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
