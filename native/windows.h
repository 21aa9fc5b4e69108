/* Rate limits, counted together with src/limits/window-table.ts, whose head says what is promised,
 * in the same file and at the same time: the same request at the same instant gets the same verdict
 * from either. For one thread. A take allocates nothing and makes no system call. */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "window-slots.h"

/* How many limits one windows_take_all may have. */
enum { windows_per_take_max = 16 };

/* What the counters of a limit have in common, whoever they count for; good as long as the table
 * is open. Texts in ASCII: see keyed-tag.h. */
typedef struct {
  TagPrefix prefix;
  double duration_ms;
} WindowLimit;

typedef struct {
  const WindowLimit *of;
  /* In ASCII. */
  Slice identifier;
  double limit;
  /* A whole number from 0 to 2^53 - 1. */
  double cost;
} WindowRequest;

typedef struct {
  bool is_exceeded;
  /* Refused for want of a slot, not because of the limit. */
  bool is_table_full;
  /* What may still be taken now; 0 if exceeded. */
  double remaining;
  /* When the current window ends, Unix ms. */
  double reset_at_ms;
} WindowVerdict;

typedef struct {
  WindowSlots slots;
} Windows;

/* `bytes` and `seat` are the memory of a WindowTable that this thread has open, see its `memory`;
 * they are valid until it is closed. */
void windows_open(Windows *windows, void *bytes, uint32_t seat);

/* The present in Unix ms; that of the system if none is set. */
void windows_set_clock(Windows *windows, double (*clock)(void));

void windows_limit(const Windows *windows, WindowLimit *limit, Slice workspace_id, Slice scope,
                   double duration_ms);

/* One limit in three steps: the second has the processor fetch what the third will read, so do
 * something in between. */
void windows_aim(Windows *windows, const WindowRequest *request, WindowCounter *counter);
void windows_fetch(const Windows *windows, const WindowCounter *counter);
void windows_take_aimed(Windows *windows, const WindowRequest *request, WindowCounter *counter,
                        double now_ms, WindowVerdict *verdict);

/* One limit. */
void windows_take(Windows *windows, const WindowRequest *request, double now_ms,
                  WindowVerdict *verdict);

/* All or nothing, a verdict for each: if any of the limits would be exceeded, nothing is counted
 * for any. Items that address the same counter add up. */
void windows_take_all(Windows *windows, const WindowRequest *requests, size_t count,
                      double now_ms, WindowVerdict *verdicts);

#endif
