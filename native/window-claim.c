/* How a counter gets its slot: one process at a time for each first bucket. */
#include "window-layout.h"
#include "window-slots.h"

static bool is_free(WindowSlots *slots, uint32_t gate_at, uint32_t place, double now_ms) {
  if (words_read(&slots->words, tag_at_place(gate_at, place)) == 0) return true;
  return word_value(words_read(&slots->words, record_at_place(gate_at, place))) <= now_ms;
}

/* The first free slot in the emptier of the two buckets. */
static bool find_free(WindowSlots *slots, WindowCounter *counter, double now_ms) {
  uint32_t best_count = 0;
  for (int index = 0; index < 2; index += 1) {
    uint32_t gate_at = counter->gates_at[index];
    uint32_t count = 0;
    uint32_t first_free = 0;
    for (uint32_t place = slots_per_bucket; place-- > 0;) {
      if (!is_free(slots, gate_at, place, now_ms)) continue;
      count += 1;
      first_free = place;
    }
    if (count <= best_count) continue;
    counter->tag_at = tag_at_place(gate_at, first_free);
    counter->record_at = record_at_place(gate_at, first_free);
    best_count = count;
  }
  return best_count > 0;
}

/* The second half of slots_claim, with the gate held. */
static bool take(WindowSlots *slots, const WindowCounter *counter, double now_ms) {
  SharedWords *words = &slots->words;
  int64_t tag = words_hold(words, counter->tag_at);
  double ends_at_ms = word_value(words_hold(words, counter->record_at));
  words_hold(words, counter->record_at + 1);
  words_hold(words, counter->record_at + 2);
  if (tag != 0 && ends_at_ms > now_ms) {
    words_abort(words);
    return false;
  }
  double sequence = floor_of(now_ms / counter->duration_ms);
  words_put(words, 1, counter->tag.word);
  words_put(words, 2, pack_word(counter->tag.extra, counter_ends_at_ms(counter, sequence)));
  words_put(words, 3, 0);
  words_put(words, 4, pack_word(sequence_label(sequence), 0));
  return words_commit(words);
}

bool slots_claim(WindowSlots *slots, WindowCounter *counter, double now_ms) {
  for (;;) {
    /* Not the caller's time if that is long past: its window may have been counted elsewhere and
     * be forgotten by now. */
    double clock_ms = slots->clock();
    double present_ms = clock_ms > now_ms ? clock_ms : now_ms;
    words_begin(&slots->words);
    /* One at a time: else two would give the same counter two slots. */
    words_hold(&slots->words, counter->gates_at[0]);
    bool has_one = slots_find(slots, counter);
    if (has_one || !find_free(slots, counter, present_ms)) {
      words_abort(&slots->words);
      return has_one;
    }
    if (take(slots, counter, present_ms)) return true;
  }
}
