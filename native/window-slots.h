/* The slots of a table of windows, as in src/limits/window-slots.ts: finding a counter's, giving it
 * one, moving it to the present, adding to it. */
#ifndef WINDOW_SLOTS_H
#define WINDOW_SLOTS_H

#include "shared-words.h"
#include "window-counter.h"

typedef struct {
  SharedWords words;
  uint32_t bucket_count;
  uint32_t tag_key[2];
  /* The present in Unix ms; read only where a stale time of the caller would do harm. */
  double (*clock)(void);
} WindowSlots;

/* Of a file that the other side has opened, and so found to be a table of windows. */
void slots_open(WindowSlots *slots, void *bytes, uint32_t seat);

/* Makes the counter that of this tuple, which has this duration. */
void slots_aim(const WindowSlots *slots, WindowCounter *counter, double duration_ms,
               const TagPrefix *prefix, Slice identifier);

/* Has the processor fetch what a load of the counter will read. */
void slots_fetch(const WindowSlots *slots, const WindowCounter *counter);

/* Finds the slot that bears the counter's tag, with the window that it has come to. */
bool slots_find(WindowSlots *slots, WindowCounter *counter);

/* Brings `counter` to what the table says of it at `now_ms`. */
void slots_load(WindowSlots *slots, WindowCounter *counter, double now_ms);

/* Counts the counter's cost; false if the slot has changed since slots_load. */
bool slots_add(WindowSlots *slots, const WindowCounter *counter);

/* Counts the costs of all at one instant; false, and none is counted, if the slots have changed
 * since slots_load so that they do not all fit any more, or if another process lost patience. */
bool slots_add_all(WindowSlots *slots, WindowCounter *const *counters, uint32_t count);

/* Moves a slot that is behind to the counter's window. To be followed by another slots_load. */
void slots_roll(WindowSlots *slots, const WindowCounter *counter);

/* In window-claim.c. Gives the counter a slot, in the present window and with nothing counted.
 * False: both of its buckets are full of counters that still count. To be followed by another
 * slots_load. */
bool slots_claim(WindowSlots *slots, WindowCounter *counter, double now_ms);

#endif
