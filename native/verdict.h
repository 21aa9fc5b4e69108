/* What was found out about a key: the part of src/verify/verdict.ts that is decided here. */
#ifndef VERDICT_H
#define VERDICT_H

#include "learned.h"
#include "outcome.h"
#include "records.h"
#include "request-ids.h"
#include "windows.h"

typedef struct {
  Outcome outcome;
  double now_ms;
  char request_id[REQUEST_ID_BYTES];
  const LearnedRootKey *root_key;
  /* The rest holds for keys that were found only. */
  KeyRecord key;
  const LearnedTraits *traits;
  bool has_identity;
  IdentityRecord identity;
  /* Of the traits' limits, all or none. */
  int checked_limit_count;
  /* Where there is one: the counter that it will be counted with. */
  WindowCounter counter;
  WindowVerdict checked_limits[LIMITS_MAX];
} Verdict;

#endif
