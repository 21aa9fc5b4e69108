#include "limit-table.h"

#include "shared-file.h"
#include "text-hash.h"

enum { COUNT_BITS = 40, PROBES_MAX = 64 };

static const uint64_t count_mask = ((uint64_t)1 << COUNT_BITS) - 1;
static const uint64_t sequence_mask = ((uint64_t)1 << (64 - COUNT_BITS)) - 1;

void limit_table_open(LimitTable *table, const char *folder, uint64_t slot_count) {
  uint64_t count = 1024;
  while (count < slot_count) count *= 2;
  table->slots = shared_file_map(folder, "floor-limits", count * sizeof(LimitSlot));
  table->slot_mask = count - 1;
}

uint64_t limit_scope(Slice workspace_id, Slice name, int64_t duration_ms) {
  return text_hash(text_hash((uint64_t)duration_ms ^ 0x8ebc6af09c88c6e3, workspace_id), name);
}

uint64_t limit_tag(uint64_t scope, Slice owner_id) {
  /* Zero marks a free slot. */
  return text_hash(scope, owner_id) | 1;
}

static LimitSlot *find_slot(LimitTable *table, uint64_t tag) {
  for (uint64_t probe = 0; probe < PROBES_MAX; probe += 1) {
    LimitSlot *slot = &table->slots[((tag >> 8) + probe) & table->slot_mask];
    uint64_t found = atomic_load_explicit(&slot->tag, memory_order_acquire);
    if (found == tag) return slot;
    if (found == 0 && atomic_compare_exchange_strong(&slot->tag, &found, tag)) return slot;
    if (found == tag) return slot;
  }
  return NULL;
}

static void roll(LimitSlot *slot, uint64_t current, uint64_t sequence) {
  uint64_t passed = (sequence - (current >> COUNT_BITS)) & sequence_mask;
  uint64_t next = sequence << COUNT_BITS;
  if (!atomic_compare_exchange_strong(&slot->current, &current, next)) return;
  atomic_store(&slot->previous, passed == 1 ? current & count_mask : 0);
}

LimitVerdict limit_take(LimitTable *table, uint64_t tag, int64_t limit, int64_t duration_ms,
                        int64_t now_ms) {
  uint64_t sequence = (uint64_t)(now_ms / duration_ms) & sequence_mask;
  int64_t reset_at_ms = (now_ms / duration_ms + 1) * duration_ms;
  LimitVerdict exceeded = {.is_exceeded = true, .reset_at_ms = reset_at_ms};
  LimitSlot *slot = find_slot(table, tag);
  if (slot == NULL) return exceeded;
  for (;;) {
    uint64_t current = atomic_load(&slot->current);
    if (current >> COUNT_BITS != sequence) {
      roll(slot, current, sequence);
      continue;
    }
    uint64_t previous = atomic_load(&slot->previous);
    double share = (double)(reset_at_ms - now_ms) / (double)duration_ms;
    int64_t used = (int64_t)(current & count_mask) + (int64_t)((double)previous * share);
    if (used + 1 > limit) return exceeded;
    if (!atomic_compare_exchange_weak(&slot->current, &current, current + 1)) continue;
    return (LimitVerdict){false, limit - used - 1, reset_at_ms};
  }
}
