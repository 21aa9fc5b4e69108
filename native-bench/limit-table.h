/*
 * Rate limits in shared memory: the product's two-cell sliding window, counted with one
 * compare-and-exchange. A slot is 32 bytes, so a look-up reads one cache line.
 *
 * What the product's table does besides, and this does not: a roll into the next window is exact
 * here for one process only, and nobody is helped who dies half-way.
 */
#ifndef LIMIT_TABLE_H
#define LIMIT_TABLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "slice.h"

typedef struct {
  _Atomic uint64_t tag;
  /* The window's number above, the count below. */
  _Atomic uint64_t current;
  _Atomic uint64_t previous;
  uint64_t unused;
} LimitSlot;

typedef struct {
  LimitSlot *slots;
  uint64_t slot_mask;
} LimitTable;

typedef struct {
  bool is_exceeded;
  int64_t remaining;
  int64_t reset_at_ms;
} LimitVerdict;

/* `slot_count` is raised to a power of two. */
void limit_table_open(LimitTable *table, const char *folder, uint64_t slot_count);

/* What the counters of a limit have in common, whoever they count for. */
uint64_t limit_scope(Slice workspace_id, Slice name, int64_t duration_ms);

/* Tells a counter from all others. */
uint64_t limit_tag(uint64_t scope, Slice owner_id);

/* Takes 1 of the limit if that much is left. A full neighbourhood refuses. */
LimitVerdict limit_take(LimitTable *table, uint64_t tag, int64_t limit, int64_t duration_ms,
                        int64_t now_ms);

#endif
