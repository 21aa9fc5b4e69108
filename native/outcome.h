/* What a verification can answer, by the numbers of src/domain/outcome.ts. */
#ifndef OUTCOME_H
#define OUTCOME_H

typedef enum {
  VALID,
  NOT_FOUND,
  FORBIDDEN,
  INSUFFICIENT_PERMISSIONS,
  USAGE_EXCEEDED,
  RATE_LIMITED,
  DISABLED,
  EXPIRED,
  OUTCOME_COUNT,
} Outcome;

#endif
